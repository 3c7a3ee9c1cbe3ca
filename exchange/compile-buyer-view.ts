import type {
  BuyerView,
  DealIndex,
  DealLicence,
  Entitlement,
  IdentityRight,
  Provider,
  SegmentUse,
} from './buyer-view.ts'
import { isLive } from './compile-contracts.ts'
import { CompiledDealIndex } from './compile-deal-index.ts'
import { type DealLists, type Deals, dealListsFor } from './compile-deals.ts'
import { Entitlements } from './compile-entitlements.ts'
import { LiveLicences } from './compile-licences.ts'
import type { CompiledPartner } from './compile-partners.ts'
import { type Parts, Rights, type RightsAt } from './compile-rights.ts'
import type { DealTerms } from './deal-terms.ts'
import { Period } from './period.ts'
import { SegmentTable } from './segment-table.ts'

export interface ViewParts extends Parts {
  readonly deals: Deals
}

export interface ViewAt extends RightsAt {
  /** The catalog version was confirmed lately; without that nothing shared is given. */
  readonly confirmed: boolean
}

/**
 * What one buyer may be given at one moment in one class of countries: see buyer-view.ts. Everything is
 * worked out when first asked for, still as of that moment.
 */
export class CompiledBuyerView implements BuyerView {
  readonly buyer: number
  readonly period: Period
  readonly #parts: ViewParts
  readonly #partner: CompiledPartner
  readonly #at: ViewAt
  readonly #rights: Rights | undefined
  readonly #licences: LiveLicences
  readonly #entitlements: Entitlements
  #identity: readonly IdentityRight[] | undefined
  readonly #dealLists: readonly DealLists[]
  readonly #owners = new SegmentTable<Provider>()
  readonly #sellers = new Map<string, Rights>()
  readonly #dealIndexes = new Map<number, DealIndex>()
  readonly #edgeOwners = new Map<number, ReadonlySet<number>>()

  constructor(parts: ViewParts, partner: CompiledPartner, at: ViewAt) {
    this.#parts = parts
    this.#partner = partner
    this.#at = at
    this.buyer = partner.number
    const rights = at.confirmed ? new Rights(parts, partner.id, at) : undefined
    this.#rights = rights
    const licences = new LiveLicences(parts, at)
    this.#licences = licences
    this.#entitlements = new Entitlements(parts, partner, { rights, licences })
    this.#dealLists = dealListsFor(parts.deals, partner.id)
    this.period = this.#periodOf(rights)
  }

  get validUntilMs(): number {
    return this.period.untilMs
  }

  entitlement(segment: number): Entitlement | undefined {
    return this.#entitlements.of(segment)
  }

  isCapped(segment: number): boolean {
    return this.#entitlements.isCapped(segment)
  }

  entitlements(): readonly Entitlement[] {
    return this.#entitlements.all()
  }

  edgeShared(edgeOwner: number, segmentOwner: number): boolean {
    if (edgeOwner === 0 || edgeOwner === segmentOwner) return true
    let owners = this.#edgeOwners.get(segmentOwner)
    if (!owners) this.#edgeOwners.set(segmentOwner, (owners = this.#edgeOwnersFor(segmentOwner)))
    return owners.has(edgeOwner)
  }

  identity(): readonly IdentityRight[] {
    this.#identity ??= (this.#rights?.identity() ?? []).map((contract) => ({
      seller: this.#parts.partners.byId.get(contract.terms.seller)!,
      use: { segment: contract.terms.segments[0]!, contract },
    }))
    return this.#identity
  }

  segmentOwner(segment: number): Provider | undefined {
    const kept = this.#owners.get(segment)
    if (kept !== undefined) return kept
    const known = this.#parts.segments.byNumber.get(segment)
    const owner = known && this.#parts.partners.byId.get(known.owner)
    if (owner) this.#owners.set(segment, owner)
    return owner
  }

  deals(exchange: number): DealIndex | undefined {
    const known = this.#dealIndexes.get(exchange)
    if (known) return known
    if (this.#dealLists.every((lists) => lists.size === 0)) return undefined
    const here = this.#parts.partners.byNumber.get(exchange)?.id
    const lists = this.#dealLists.flatMap((byExchange) => [...byExchange])
    const index = new CompiledDealIndex(
      lists.filter(([id]) => id === here).map(([, list]) => list),
      {
        around: this.#parts,
        buyer: this.#partner,
        confirmed: this.#at.confirmed,
        nowMs: this.#at.nowMs,
        covered: this.#at.covered,
        elsewhere: lists.filter(([id]) => id !== here).map(([, list]) => list),
        licence: (terms) => this.#licence(terms),
      },
    )
    this.#dealIndexes.set(exchange, index)
    return index
  }

  /** Until the next date of a contract or deal that anything here may rest on. */
  #periodOf(rights: Rights | undefined): Period {
    const { contracts, caps } = this.#parts
    const { nowMs } = this.#at
    const period = new Period(nowMs)
    if (rights) period.narrow(rights.period)
    period.narrow(contracts.identity.periodAt(nowMs))
    period.narrow(contracts.modeling.periodAt(nowMs))
    for (const lists of this.#dealLists)
      for (const list of lists.values()) {
        period.narrow(list.periodAt(nowMs))
        for (const seller of list.sellers) {
          const licences = contracts.byBuyer.get(seller)
          if (licences) period.narrow(licences.periodAt(nowMs))
          caps.narrow(period, seller)
        }
      }
    return period
  }

  /**
   * The seller owns each segment of the audience, or has it under a live contract itself. What the buyer
   * has under the very same contract, being the deal's seller, is counted with its own segments.
   */
  #licence({ seller, audience }: DealTerms): DealLicence | undefined {
    if (!audience) return undefined
    const licence = new Map<number, SegmentUse>()
    for (const segment of audience) {
      if (!this.#licences.holds(segment, seller.id)) return undefined
      if (segment.owner === seller.id && seller.active) continue
      const contract = this.#rightsOf(seller.id).contractFor(segment)
      if (!contract) return undefined
      const isCounted = seller.number === this.buyer && this.entitlement(segment.number)
      if (!isCounted) licence.set(segment.number, { segment: segment.id, contract })
    }
    return licence
  }

  #rightsOf(seller: string): Rights {
    let rights = this.#sellers.get(seller)
    if (!rights) this.#sellers.set(seller, (rights = new Rights(this.#parts, seller, this.#at)))
    return rights
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
    for (const contract of this.#parts.contracts.identity.all) {
      const seller = byId.get(contract.record.seller)
      const buyer = byId.get(contract.record.buyer)
      if (seller?.active && buyer?.active && isLive(contract, 'identity', this.#at))
        yield { seller: seller.number, buyer: buyer.number }
    }
  }
}
