import type { CompiledDeal } from '../../exchange/buyer-view.ts'
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
  const of = bid.plan.fragment ?? (bid.selection.count === 0 ? bid.view : undefined)
  if (of === undefined) return decisionId(bid)
  const known = names.get(of)
  if (known !== undefined && isOf(known, bid)) return known.id
  const { catalog, exchange, reason, consent, selection } = bid
  const { count, hash, openDeals, personDeals } = selection
  const name = {
    id: decisionId(bid),
    ...{ version: catalog?.version, exchange, reason, gdpr: consent.gdprApplies, count, hash },
    deals: [...openDeals, ...personDeals],
  }
  names.set(of, name)
  return name.id
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
    name.deals.length === openDeals.length + personDeals.length &&
    openDeals.every((deal, i) => name.deals[i] === deal) &&
    personDeals.every((deal, i) => name.deals[openDeals.length + i] === deal)
  )
}
