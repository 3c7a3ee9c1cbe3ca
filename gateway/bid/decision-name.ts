import type { BuyerView, CompiledDeal } from '../../exchange/buyer-view.ts'
import { keptHeaders } from '../http/kept-headers.ts'
import type { Bid } from './bid.ts'
import { decisionId } from './decision-id.ts'

const HEADER = 'x-passerelle-decision'

/** The header that names the decision behind an answer; two entries of a list of headers. */
export function decisionHeader(bid: Bid): readonly [string, string] {
  return [HEADER, decisionName(bid)]
}

/**
 * `decisionId`, not worked out anew where it is known: what was chosen is known by the ready-made piece that was made of
 * it, or by there being nothing, of one buyer's view.
 */
export function decisionName(bid: Bid): string {
  return nameOf(bid).id
}

/**
 * Headers of an answer that says a decision's name and, where nothing is given, why: `type` and those. Equal decisions
 * have the very same list.
 */
export function decisionHead(bid: Bid, type: readonly [string, string]): readonly string[] {
  const name = nameOf(bid)
  if (name.head === undefined || name.type !== type) {
    const why = name.reason === '' ? [] : ['x-passerelle-reason', name.reason]
    name.head = keptHeaders([...type, HEADER, name.id, ...why])
    name.type = type
  }
  return name.head
}

function nameOf(bid: Bid): DecisionName {
  const { plan, selection, view } = bid
  const { fragment } = plan
  const empty = fragment === undefined && selection.count === 0 ? view : undefined
  const known = fragment === undefined ? empty && emptied.get(empty) : fragment.decision
  if (known !== undefined && isOf(known, bid)) return known
  const name = new DecisionName(bid)
  if (fragment !== undefined) fragment.decision = name
  else if (empty !== undefined) emptied.set(empty, name)
  return name
}

/** A decision, and what it is known again by. A class: written as literals, each was a shape of its own to the compiler. */
export class DecisionName {
  readonly id: string
  readonly version: number
  readonly exchange: number
  readonly reason: string
  readonly gdpr: boolean
  readonly count: number
  readonly hash: number
  readonly deals: readonly CompiledDeal[]
  /** See `decisionHead`, and of which type it was made last. */
  head: readonly string[] | undefined
  type: readonly [string, string] | undefined

  constructor(bid: Bid) {
    const { openDeals, personDeals, count, hash } = bid.selection
    this.id = decisionId(bid)
    this.version = versionOf(bid)
    this.exchange = bid.exchange
    this.reason = bid.reason
    this.gdpr = bid.consent.gdprApplies
    this.count = count
    this.hash = hash
    this.deals = [...openDeals, ...personDeals]
    this.head = undefined
    this.type = undefined
  }
}

/** That of the catalog; -1 while there is none. */
function versionOf({ catalog }: Bid): number {
  return catalog === undefined ? -1 : catalog.version
}

/** The last of each view by which nothing was chosen of a person. */
const emptied = new WeakMap<BuyerView, DecisionName>()

function isOf(name: DecisionName, bid: Bid): boolean {
  const { exchange, reason, consent, selection } = bid
  const { openDeals, personDeals } = selection
  return (
    name.count === selection.count &&
    name.hash === selection.hash &&
    name.version === versionOf(bid) &&
    name.exchange === exchange &&
    name.reason === reason &&
    name.gdpr === consent.gdprApplies &&
    areThose(name.deals, openDeals, personDeals)
  )
}

function areThose(
  deals: readonly CompiledDeal[],
  open: readonly CompiledDeal[],
  person: readonly CompiledDeal[],
): boolean {
  const opens = open.length
  if (deals.length !== opens + person.length) return false
  for (let i = 0; i < opens; i++) if (deals[i] !== open[i]) return false
  for (let i = opens; i < deals.length; i++) if (deals[i] !== person[i - opens]) return false
  return true
}
