import type { CompiledDeal } from '../../exchange/buyer-view.ts'
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

function nameOf(bid: Bid): Name {
  const of = bid.plan.fragment ?? (bid.selection.count === 0 ? bid.view : undefined)
  const known = of && names.get(of)
  if (known !== undefined && isOf(known, bid)) return known
  const { catalog, exchange, reason, consent, selection } = bid
  const { count, hash, openDeals, personDeals } = selection
  const name: Name = {
    ...{ id: decisionId(bid), head: undefined, type: undefined },
    ...{ version: catalog?.version, exchange, reason, gdpr: consent.gdprApplies, count, hash },
    deals: [...openDeals, ...personDeals],
  }
  if (of !== undefined) names.set(of, name)
  return name
}

interface Name {
  readonly id: string
  readonly version: number | undefined
  readonly exchange: number
  readonly reason: string
  readonly gdpr: boolean
  readonly count: number
  readonly hash: number
  readonly deals: readonly CompiledDeal[]
  /** See `decisionHead`, and of which type it was made last. */
  head: readonly string[] | undefined
  type: readonly [string, string] | undefined
}

/** The last of each. */
const names = new WeakMap<object, Name>()

function isOf(name: Name, { catalog, exchange, reason, consent, selection }: Bid): boolean {
  const { openDeals, personDeals } = selection
  return (
    name.version === catalog?.version &&
    name.exchange === exchange &&
    name.reason === reason &&
    name.gdpr === consent.gdprApplies &&
    name.count === selection.count &&
    name.hash === selection.hash &&
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
