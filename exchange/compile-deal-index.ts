import type { CompiledDeal, DealIndex } from './buyer-view.ts'
import type { DealTerms } from './compile-deals.ts'
import type { CompiledPartner } from './compile-partners.ts'
import type { WithheldReason } from './reasons.ts'

export interface DealsAt {
  /** How many deals the buyer has on other exchanges. */
  readonly elsewhere: number
  readonly buyer: CompiledPartner
  readonly confirmed: boolean
  readonly nowMs: number
  /** Lists of regions that cover the country of the request. */
  readonly covered: ReadonlySet<string>
  /** The deal's seller may use its audience. */
  licensed(terms: DealTerms): boolean
}

/**
 * Files each live deal under segments without which its audience cannot hold, so that a request
 * looks only at deals of segments its person has: under each of `any`, else under one of `all`.
 */
export function buildDealIndex(deals: readonly DealTerms[], at: DealsAt): DealIndex {
  const always: CompiledDeal[] = []
  const bySegment = new Map<number, CompiledDeal[]>()
  const withheld = new Map<string, number>()
  if (at.elsewhere > 0) withheld.set('deal_not_on_this_exchange', at.elsewhere)
  for (const terms of deals) {
    const reason = whyWithheld(terms, at)
    if (reason) withheld.set(reason, (withheld.get(reason) ?? 0) + 1)
    else file(terms.deal, always, bySegment)
  }
  return { always, bySegment, withheld }
}

function whyWithheld(terms: DealTerms, at: DealsAt): WithheldReason | undefined {
  if (terms.paused) return 'deal_paused'
  if (at.nowMs < terms.startsMs || at.nowMs >= terms.endsMs) return 'deal_out_of_dates'
  if (!terms.partiesActive) return 'deal_partner_paused'
  if (terms.regions !== '' && !at.covered.has(terms.regions)) return 'deal_not_in_this_country'
  const shared = terms.audience?.some(({ owner }) => owner !== at.buyer.id) ?? false
  if (shared && !at.confirmed) return 'catalog_unconfirmed'
  return at.licensed(terms) ? undefined : 'audience_not_licensed'
}

function file(
  deal: CompiledDeal,
  always: CompiledDeal[],
  bySegment: Map<number, CompiledDeal[]>,
): void {
  const under = deal.any.length > 0 ? deal.any : emptiest(deal.all, bySegment)
  if (under.length === 0) always.push(deal)
  for (const segment of under) {
    const others = bySegment.get(segment)
    if (others) others.push(deal)
    else bySegment.set(segment, [deal])
  }
}

/** Of segments that must all hold, the one with the fewest deals under it yet. */
function emptiest(
  segments: readonly number[],
  bySegment: ReadonlyMap<number, readonly CompiledDeal[]>,
): number[] {
  let best: number | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const segment of segments) {
    const deals = bySegment.get(segment)?.length ?? 0
    if (deals < fewest) {
      fewest = deals
      best = segment
    }
  }
  return best === undefined ? [] : [best]
}
