import type { ContractRecord } from './contract.ts'
import type { WithheldReason } from './reasons.ts'

/**
 * How much of what is under contracts may be given: nothing where it cannot be confirmed or accounted for; nothing capped
 * where what was given is not counted.
 */
export const SHARINGS = ['nothing', 'uncapped', 'all'] as const
export type Sharing = (typeof SHARINGS)[number]

/**
 * What one buyer may be given. Made by `compile-buyer-view.ts` per (catalog version, buyer, class of
 * countries), valid until `validUntilMs`, when the next contract or deal begins or ends. Making one
 * costs next to nothing: what it says of a segment is worked out when first asked, and remembered.
 * Ask `ExchangeCatalog.viewFor` for each request: it keeps views and knows when one is over. One view
 * never says two things, so fragments may be cached beside it.
 */
export interface BuyerView {
  /** Number of the buying partner. */
  readonly buyer: number
  /** Wall time of the next date that changes this view; `Infinity` where none does. */
  readonly validUntilMs: number
  /** By segment number: what may be written for it; undefined where the buyer has no right to it. */
  entitlement(segment: number): Entitlement | undefined
  /** After `entitlement` said undefined: whether a reached cap alone keeps the segment from the buyer. */
  isCapped(segment: number): boolean
  /** Every entitlement, by segment number: for people and tests, not for requests. */
  entitlements(): readonly Entitlement[]
  /**
   * Edge owners whose edges a segment of this owner may be reached over for this buyer (besides the
   * exchange's, 0, and the segment owner's own): those with a live contract of use `identity`.
   */
  edgeShared(edgeOwner: number, segmentOwner: number): boolean
  /**
   * The contracts under which the buyer may be told ids of the person (use `identity`): one for each seller, in the
   * order they are asked. What is said once is remembered: `use` may carry what is made of it.
   */
  identity(): readonly IdentityRight[]
  /** Who owns a segment, whether or not this buyer may have it; undefined for an unknown number. */
  segmentOwner(segment: number): Provider | undefined
  /**
   * Deals for requests of one exchange (partner number; 0 where it is unknown): those of other
   * exchanges are counted as withheld. Undefined where the buyer has no deals at all.
   */
  deals(exchange: number): DealIndex | undefined
}

export interface Entitlement {
  readonly segment: number
  readonly owner: Provider
  /** What it is used under; undefined for the buyer's own segments: those are free. */
  readonly use: SegmentUse | undefined
  /** What is written into user.data: one per `writeAs` form (own, taxonomy), two for `both`. */
  readonly writes: readonly SegmentWrite[]
}

/** Ids may be told under a contract: over matches of the exchange and of its seller. */
export interface IdentityRight {
  readonly seller: Provider
  /** Counted at the contract's first segment, where the answer has no segment of the contract. */
  readonly use: SegmentUse
}

/** A segment used under a contract: what is counted. */
export interface SegmentUse {
  /** Segment id. */
  readonly segment: string
  readonly contract: LiveContract
}

/** A contract as it stands on one day: views end with the day, in the contract's time zone, where it bills on `delivered`. */
export interface LiveContract {
  readonly id: string
  readonly terms: ContractRecord
  /** `2026-11-26`, in the contract's time zone; '' where it does not bill on `delivered`. */
  readonly day: string
}

/** A segment as written into one Data object. */
export interface SegmentWrite {
  readonly group: DataGroup
  /** segment[].id */
  readonly id: string
}

/** One `user.data[]` object: a provider, a taxonomy, the seats it carries. Written in the order of data-order.ts. */
export interface DataGroup {
  readonly provider: Provider
  /** Data.ext.segtax; undefined: the ids are the provider's own. */
  readonly segtax: number | undefined
  /** Data.ext.seats */
  readonly seats: readonly string[]
}

/** A partner as the bid path sees it. */
export interface Provider {
  readonly number: number
  readonly id: string
  readonly domain: string
  readonly gvlId: number | undefined
  /** Has a role (dmp, data_provider, ssp) that makes it a vendor whose own consent is asked. */
  readonly asksConsent: boolean
}

/** Deals of one buyer on one exchange, found by the person's segments and never by walking all. */
export interface DealIndex {
  /** Deals without audience. */
  readonly always: readonly CompiledDeal[]
  /** Deals whose audience can only hold where this segment (its number) does. */
  under(segment: number): readonly CompiledDeal[]
  /** Deals that exist but are withheld for this buyer here, by reason (reasons.ts): walks them all, for the trace. */
  withheld(): ReadonlyMap<string, number>
  /** Every deal of the buyer, on whatever exchange: walks them all, for people. */
  verdicts(): Iterable<DealVerdict>
  /** What an impression on a deal found here uses under contracts of the deal's seller; undefined where nothing. */
  licence(deal: CompiledDeal): DealLicence | undefined
}

/** Whether a deal is live for this buyer here, or why it is withheld from every request. */
export interface DealVerdict {
  readonly deal: CompiledDeal
  readonly reason: WithheldReason | undefined
}

/** By segment number of the deal's audience. Segments that the deal's seller owns are not in it. */
export type DealLicence = ReadonlyMap<number, SegmentUse>

/** One object stays the same deal from one catalog version to the next, as long as nothing in it changes. */
export interface CompiledDeal {
  readonly id: string
  /** What it is called in requests. */
  readonly wireId: string
  readonly seller: Provider
  /** Owners of the audience's segments: each one's consent is asked like the seller's. */
  readonly providers: readonly Provider[]
  readonly any: readonly number[]
  readonly all: readonly number[]
  readonly none: readonly number[]
  /** Site or app ids the deal is limited to; empty: everywhere. */
  readonly sites: readonly string[]
  /** The deal as OpenRTB JSON, floors exactly as they were given: `{"id":"…","bidfloor":2.50,…}`. */
  readonly json: string
}
