import { NODES_MAX } from '../../audience/people/person-view.ts'
import { reachable } from '../../audience/people/reach.ts'
import type { BuyerView, CompiledDeal } from '../../exchange/buyer-view.ts'
import type { Bid } from './bid.ts'
import { isOnSite } from './is-on-site.ts'
import { BID_LIMITS } from './limits.ts'
import { allows } from './permit.ts'
import type { DealLeftOut, SegmentLeftOut } from './reasons.ts'
import type { Selection } from './selection.ts'

/** Deals that ask for no audience: also for strangers, and where consent denies the person. */
export function entitleAnybody(bid: Bid, view: BuyerView): void {
  const index = view.deals(bid.exchange)
  if (index === undefined) return
  for (const deal of index.always) addDeal(bid, deal, bid.selection.openDeals)
}

/**
 * What of the person this buyer may be given: segments it has a live right to, over matches that may
 * be used for them, of providers the person has allowed; and deals whose audience holds under the
 * same rules.
 */
export function entitlePerson(bid: Bid, view: BuyerView): void {
  const { person, selection } = bid
  forgetReached()
  for (let i = 0; i < person.count; i++) {
    const reason = segmentLeftOut(bid, view, i)
    if (reason === undefined) selection.addSegment(person.segment[i]!)
    else selection.leftOut[reason]++
  }
  if (person.nodes > 1) normalise(selection)
  entitlePersonDeals(bid, view)
}

/** Why the person's i-th segment is not for this buyer; undefined where it is. */
export function segmentLeftOut(
  bid: Bid,
  view: BuyerView,
  i: number,
): Exclude<SegmentLeftOut, 'token_full'> | undefined {
  const segment = bid.person.segment[i]!
  const entitlement = view.entitlement(segment)
  if (entitlement === undefined) return view.isCapped(segment) ? 'capped' : 'not_entitled'
  if (!isReached(bid, entitlement.owner.number, bid.person.node[i]!)) return 'edge_not_shared'
  return allows(bid, entitlement.owner) ? undefined : 'provider_consent'
}

/** Several ids may hold the same segment: sorted, each once, so that equal sets have equal names. */
function normalise(selection: Selection): void {
  const segments = selection.segments.slice(0, selection.count).sort()
  selection.count = 0
  selection.hash = 0
  let last = -1
  for (const segment of segments) {
    if (segment !== last) selection.addSegment(segment)
    last = segment
  }
}

/** Only deals filed under a segment the person has are looked at, however many there are. */
function entitlePersonDeals(bid: Bid, view: BuyerView): void {
  const index = view.deals(bid.exchange)
  if (index === undefined) return
  const { person, selection } = bid
  for (let i = 0; i < person.count; i++) {
    for (const deal of index.under(person.segment[i]!)) addDeal(bid, deal, selection.personDeals)
  }
}

function addDeal(bid: Bid, deal: CompiledDeal, into: CompiledDeal[]): void {
  if (into.length === BID_LIMITS.dealsMax || into.includes(deal)) return
  if (dealLeftOut(bid, deal) === undefined) into.push(deal)
}

/**
 * Why a live deal is not for this request; undefined where it is. A provider the person has not allowed
 * cannot make an audience true, and a `none` cannot be known without it: such a deal is withheld.
 */
export function dealLeftOut(bid: Bid, deal: CompiledDeal): DealLeftOut | undefined {
  const { seller, providers, sites, any, all, none } = deal
  if (sites.length > 0 && !isOnSite(bid.facts, sites)) return 'deal_not_on_this_site'
  if (any.length + all.length + none.length === 0) return undefined
  if (!allows(bid, seller)) return 'deal_provider_consent'
  for (const provider of providers) if (!allows(bid, provider)) return 'deal_provider_consent'
  const holds =
    (any.length === 0 || countIn(bid, any) > 0) &&
    countIn(bid, all) === all.length &&
    countIn(bid, none) === 0
  return holds ? undefined : 'audience_does_not_hold'
}

/** In how many of them the person is. A loop: this is asked of every deal under every segment, and a closure each is garbage. */
function countIn(bid: Bid, segments: readonly number[]): number {
  let count = 0
  for (const segment of segments) if (isIn(bid, segment)) count++
  return count
}

/** Whether the person is in a segment, over matches that may be used for it. */
export function isIn(bid: Bid, segment: number): boolean {
  const { person } = bid
  for (let i = 0; i < person.count; i++) {
    if (person.segment[i] !== segment) continue
    const owner = bid.view!.segmentOwner(segment)
    if (owner !== undefined && isReached(bid, owner.number, person.node[i]!)) return true
  }
  return false
}

/** A segment counts only over edges of the exchange, of its own owner, or shared by contract (`identity`). */
function isReached(bid: Bid, owner: number, node: number): boolean {
  if (node === 0) return true
  if (reachedFor !== owner) reachFor(bid, owner)
  return reached[node] === 1
}

/** By itself, since it takes a closure: `isReached` is asked of each segment. */
function reachFor(bid: Bid, owner: number): void {
  const view = bid.view!
  reachable(bid.person, (edgeOwner) => view.edgeShared(edgeOwner, owner), reached)
  reachedFor = owner
}

/** To be called where another bid may have been looked at since. */
export function forgetReached(): void {
  reachedFor = -1
}

/** The nodes that segments of one owner are reached at: worked out once per owner in a row. */
const reached = new Uint8Array(NODES_MAX)
let reachedFor = -1
