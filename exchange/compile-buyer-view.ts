import type { BuyerView, DealIndex, Provider } from './buyer-view.ts'
import { isLive } from './compile-contracts.ts'
import { buildDealIndex } from './compile-deal-index.ts'
import { type DealShelf, type Deals, type DealTerms, dealsOn } from './compile-deals.ts'
import { compileEntitlements, type Entitlements } from './compile-entitlements.ts'
import type { CompiledPartner } from './compile-partners.ts'
import { compileRights, type Parts, type Rights, type RightsAt } from './compile-rights.ts'
import { Period } from './period.ts'

export interface ViewParts extends Parts {
  readonly deals: Deals
}

export interface ViewAt extends RightsAt {
  /** The catalog version was confirmed lately; without that nothing shared is given. */
  readonly confirmed: boolean
}

const NO_DEALS: DealShelf = { open: [], byBuyer: new Map() }

/**
 * What one buyer may be given at one moment in one class of countries: see buyer-view.ts. Deals and
 * shared edges are worked out when first asked for, still as of that moment.
 */
export class CompiledBuyerView implements BuyerView {
  readonly buyer: number
  readonly entitlements: Entitlements['bySegment']
  readonly entitlementCount: number
  readonly period: Period
  readonly #parts: ViewParts
  readonly #partner: CompiledPartner
  readonly #at: ViewAt
  readonly #sellers = new Map<string, Rights>()
  readonly #dealIndexes = new Map<number, DealIndex>()
  readonly #edgeOwners = new Map<number, ReadonlySet<number>>()
  #dealCount = 0

  constructor(parts: ViewParts, partner: CompiledPartner, at: ViewAt) {
    this.#parts = parts
    this.#partner = partner
    this.#at = at
    this.buyer = partner.number
    this.period = new Period(at.nowMs)
    const rights = at.confirmed
      ? compileRights(parts, partner.id, at)
      : { bySegment: new Map(), period: new Period(at.nowMs) }
    const { bySegment, count } = compileEntitlements(parts, partner, rights)
    this.entitlements = bySegment
    this.entitlementCount = count
    this.period.narrow(rights.period)
    this.#includeDeals()
    for (const contract of parts.contracts.identity)
      this.period.include(contract.startsMs, contract.endsMs)
  }

  get validUntilMs(): number {
    return this.period.untilMs
  }

  edgeShared(edgeOwner: number, segmentOwner: number): boolean {
    if (edgeOwner === 0 || edgeOwner === segmentOwner) return true
    let owners = this.#edgeOwners.get(segmentOwner)
    if (!owners) this.#edgeOwners.set(segmentOwner, (owners = this.#edgeOwnersFor(segmentOwner)))
    return owners.has(edgeOwner)
  }

  segmentOwner(segment: number): Provider | undefined {
    const known = this.#parts.segments.byNumber.get(segment)
    return known && this.#parts.partners.byId.get(known.owner)
  }

  deals(exchange: number): DealIndex | undefined {
    if (this.#dealCount === 0) return undefined
    const shelf = this.#parts.deals.get(exchange) ?? NO_DEALS
    const key = shelf === NO_DEALS ? 0 : exchange
    const known = this.#dealIndexes.get(key)
    if (known) return known
    const deals = dealsOn(shelf, this.buyer)
    const index = buildDealIndex(deals, {
      elsewhere: this.#dealCount - deals.length,
      buyer: this.#partner,
      confirmed: this.#at.confirmed,
      nowMs: this.#at.nowMs,
      covered: this.#at.covered,
      licensed: (terms) => this.#licensed(terms),
    })
    this.#dealIndexes.set(key, index)
    return index
  }

  /** Counts the buyer's deals, and narrows the period by their dates and their sellers' licences. */
  #includeDeals(): void {
    for (const shelf of this.#parts.deals.values())
      for (const terms of dealsOn(shelf, this.buyer)) {
        this.#dealCount++
        this.period.include(terms.startsMs, terms.endsMs)
        const { seller, audience } = terms
        if (!this.#sellers.has(seller.id) && audience?.some(({ owner }) => owner !== seller.id))
          this.#includeSeller(seller.id)
      }
  }

  #includeSeller(seller: string): void {
    const rights = compileRights(this.#parts, seller, this.#at)
    this.#sellers.set(seller, rights)
    this.period.narrow(rights.period)
  }

  /** The seller owns every segment of the audience, or has it under a live contract itself. */
  #licensed({ seller, audience }: DealTerms): boolean {
    if (!audience) return false
    return audience.every(
      ({ id, owner }) =>
        (owner === seller.id && seller.active) || this.#sellers.get(seller.id)?.bySegment.has(id),
    )
  }

  /**
   * Whose edges may lead to a segment of this owner, besides the exchange's and the owner's own:
   * those of partners that sell `identity` to the buyer or to the segment's owner, and the buyer's
   * own where the segment's owner sells it `identity` (docs/decisions/0006).
   */
  #edgeOwnersFor(segmentOwner: number): ReadonlySet<number> {
    const owners = new Set<number>()
    if (!this.#at.confirmed) return owners
    for (const { seller, buyer } of this.#liveIdentity()) {
      if (buyer === this.buyer && seller === segmentOwner) owners.add(this.buyer)
      if (buyer === this.buyer || buyer === segmentOwner) owners.add(seller)
    }
    return owners
  }

  *#liveIdentity(): Iterable<{ seller: number; buyer: number }> {
    const { byId } = this.#parts.partners
    for (const contract of this.#parts.contracts.identity) {
      const seller = byId.get(contract.record.seller)
      const buyer = byId.get(contract.record.buyer)
      if (seller?.active && buyer?.active && isLive(contract, 'identity', this.#at))
        yield { seller: seller.number, buyer: buyer.number }
    }
  }
}
