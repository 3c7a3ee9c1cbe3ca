import { BROWSER } from '../../audience/namespace.ts'
import { IdPlaces } from '../../audience/people/candidates.ts'
import { MatchMethod, methodsTo, NO_WAY, weaker } from '../../audience/people/match-methods.ts'
import { NODES_MAX } from '../../audience/people/person-view.ts'
import type { BuyerView, IdentityRight } from '../../exchange/buyer-view.ts'
import type { ToldIds } from '../../exchange/compile-told-ids.ts'
import type { Bid } from './bid.ts'
import { allows } from './permit.ts'

/**
 * Which ids of the person this buyer may be told: under each live contract with the use `identity` whose seller the
 * person has allowed, those that matches of the exchange and of the seller lead to, of sources that are the exchange's,
 * the seller's or the buyer's own. An id is told under the first contract that allows it.
 */
export function entitleIds(bid: Bid, view: BuyerView, { sources }: ToldIds): void {
  const { person, selection } = bid
  const start = methodOfStart(bid)
  const toldNodes = new Set<number>()
  for (const right of view.identity()) {
    if (!allows(bid, right.seller)) continue
    selection.buyeruid ??= buyeruidOf(bid, right, start)
    const { number } = right.seller
    methodsTo(person, start, { allows: (owner) => owner === 0, out: ours })
    methodsTo(person, start, { allows: (owner) => owner === 0 || owner === number, out: theirs })
    for (let node = 1; node < person.nodes; node++) {
      const source = sources.get(person.names.namespace[node]!)
      if (source === undefined || theirs[node] === NO_WAY || toldNodes.has(node)) continue
      if (![0, number, view.buyer].includes(source.owner)) continue
      const isOurs = ours[node] !== NO_WAY
      toldNodes.add(node)
      selection.ids.push({
        source: source.source,
        uid: person.names.valueOf(node),
        right,
        matcher: isOurs ? bid.rooms.domain : right.seller.domain,
        mm: isOurs ? ours[node]! : theirs[node]!,
      })
    }
  }
}

/** By node: the method it is known by, over our own matches, and over the seller's too. */
const ours = new Int32Array(NODES_MAX)
const theirs = new Int32Array(NODES_MAX)

/**
 * The buyer's id of this very browser: the request names it by an id that was synced with it, and so was the buyer's.
 * No other match will do. Where several browsers share the id of the request, whose it is cannot be told.
 */
function buyeruidOf(bid: Bid, right: IdentityRight, start: number) {
  const { names } = bid.person
  const { partner } = bid.holder!
  const uids = new Set<string>()
  for (const browser of syncedWith(bid, 0, BROWSER.number))
    for (const node of syncedWith(bid, browser, partner.namespace)) uids.add(names.valueOf(node))
  const [uid, ...others] = uids
  if (uid === undefined || uid === '' || others.length > 0) return undefined
  const mm = weaker(start, MatchMethod.cookieSync)
  return { source: partner.domain, uid, right, matcher: bid.rooms.domain, mm }
}

/** Ids of a namespace that a node was synced with, by the exchange itself. */
function syncedWith({ person }: Bid, node: number, namespace: number): number[] {
  const nodes: number[] = []
  for (let i = 0; i < person.edges; i++) {
    if (person.edgeOwner[i] !== 0 || person.names.method[i] !== MatchMethod.cookieSync) continue
    const [from, to] = [person.edgeFrom[i]!, person.edgeTo[i]!]
    const other = from === node ? to : to === node ? from : 0
    if (other !== 0 && person.names.namespace[other] === namespace) nodes.push(other)
  }
  return nodes
}

/** How the id that the request named is known itself: an eid says so, others by what they are. */
function methodOfStart({ candidates, person, facts }: Bid): number {
  const place = IdPlaces[candidates.place[person.foundBy]!]
  if (place === 'buyeruid') return MatchMethod.cookieSync
  if (place !== 'eids') return MatchMethod.none
  const eid = candidates.eid[person.foundBy]!
  const { start, end } = facts.ids
  const { mm } = facts.form.readEid(facts.bytes, start[eid]!, end[eid]!)
  return Number.isInteger(mm) && (mm as number) >= 0 ? (mm as number) : MatchMethod.unknown
}
