import type { CompiledDeal, DealIndex, DealLicence, DealVerdict } from './buyer-view.ts'
import type { ParsedDeal } from './compile-deals.ts'
import type { CompiledPartner } from './compile-partners.ts'
import { isHeldBySeller } from './deal.ts'
import type { DealList } from './deal-list.ts'
import { type Around, type DealTerms, dealTerms } from './deal-terms.ts'
import type { WithheldReason } from './reasons.ts'
import { SegmentTable } from './segment-table.ts'

export interface DealsAt {
  readonly around: Around
  readonly buyer: CompiledPartner
  readonly confirmed: boolean
  readonly nowMs: number
  /** Lists of regions that cover the country of the request. */
  readonly covered: ReadonlySet<string>
  /** Lists of the buyer's deals on other exchanges. */
  readonly elsewhere: readonly DealList[]
  /** What the deal's seller uses under contracts; undefined where it may not use the whole audience. */
  licence(terms: DealTerms): DealLicence | undefined
}

/** Live deals of one buyer on one exchange; what stands under a segment is worked out when first asked for. */
export class CompiledDealIndex implements DealIndex {
  readonly #lists: readonly DealList[]
  readonly #at: DealsAt
  readonly #under = new SegmentTable<readonly CompiledDeal[]>()
  /** Of the live deals found so far. */
  readonly #licences = new Map<CompiledDeal, DealLicence>()
  #always: readonly CompiledDeal[] | undefined

  constructor(lists: readonly DealList[], at: DealsAt) {
    this.#lists = lists
    this.#at = at
  }

  get always(): readonly CompiledDeal[] {
    this.#always ??= this.#lists.flatMap((list) => this.#live(list.withoutAudience))
    return this.#always
  }

  under(segment: number): readonly CompiledDeal[] {
    return this.#under.get(segment) ?? this.#findUnder(segment)
  }

  /** By itself: a closure in `under` would cost each of its calls a context, ten times a request. */
  #findUnder(segment: number): readonly CompiledDeal[] {
    const id = this.#at.around.segments.byNumber.get(segment)?.id
    if (id === undefined) return NONE
    const deals = this.#lists.flatMap((list) => this.#live(list.under(id)))
    this.#under.set(segment, deals.length === 0 ? NONE : deals)
    return deals
  }

  withheld(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { reason } of this.verdicts())
      if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    return counts
  }

  *verdicts(): Iterable<DealVerdict> {
    const { elsewhere, around } = this.#at
    for (const parsed of elsewhere.flatMap(({ all }) => all)) {
      const terms = dealTerms(parsed, around)
      if (terms) yield { deal: terms.deal, reason: 'deal_not_on_this_exchange' }
    }
    for (const parsed of this.#lists.flatMap(({ all }) => all)) {
      const terms = dealTerms(parsed, around)
      if (terms) yield { deal: terms.deal, reason: whyWithheld(parsed, terms, this.#at) }
    }
  }

  licence(deal: CompiledDeal): DealLicence | undefined {
    return this.#licences.size === 0 ? undefined : this.#licences.get(deal)
  }

  #live(deals: readonly ParsedDeal[]): CompiledDeal[] {
    const live: CompiledDeal[] = []
    for (const deal of deals) {
      const terms = dealTerms(deal, this.#at.around)
      if (!terms || whyWithheld(deal, terms, this.#at) !== undefined) continue
      const licence = this.#at.licence(terms)!
      if (licence.size > 0) this.#licences.set(terms.deal, licence)
      live.push(terms.deal)
    }
    return live
  }
}

function whyWithheld(deal: ParsedDeal, terms: DealTerms, at: DealsAt): WithheldReason | undefined {
  if (deal.record.status !== 'active') return 'deal_paused'
  if (isHeldBySeller(deal.record)) return 'deal_held_by_seller'
  if (at.nowMs < deal.startsMs || at.nowMs >= deal.endsMs) return 'deal_out_of_dates'
  if (!terms.partiesActive) return 'deal_partner_paused'
  if (deal.regions !== '' && !at.covered.has(deal.regions)) return 'deal_not_in_this_country'
  if (isShared(terms, at.buyer) && !at.confirmed) return 'catalog_unconfirmed'
  return at.licence(terms) ? undefined : 'audience_not_licensed'
}

/** A segment of the audience is not the buyer's, or is the seller's by a contract only. */
function isShared({ seller, audience }: DealTerms, buyer: CompiledPartner): boolean {
  return audience?.some(({ owner }) => owner !== buyer.id || owner !== seller.id) ?? false
}

const NONE: readonly never[] = []
