import type { CompiledDeal, IdentityRight } from '../../exchange/buyer-view.ts'
import { empty } from './empty.ts'
import { BID_LIMITS } from './limits.ts'
import type { SegmentLeftOut } from './reasons.ts'

/** An id of the person that may be told under a contract, and how it is known. */
export interface ToldId {
  /** `eids[].source` */
  readonly source: string
  readonly uid: string
  readonly right: IdentityRight
  /** Domain of whose match it is. */
  readonly matcher: string
  /** AdCOM ID match method, inherited from the id it is known from. */
  readonly mm: number
}

/** What one request may be given: filled by entitle, read by the splice. Knows no bytes; reused. */
export class Selection {
  /** Numbers of the segments to write, ascending, each once. */
  readonly segments = new Int32Array(BID_LIMITS.segmentsMax)
  count = 0
  /** Mixes the set of segments into 32 bits: names it in the fragment cache. */
  hash = 0
  /** Deals that ask for no audience. */
  readonly openDeals: CompiledDeal[] = []
  /** Deals that hold because of who the person is. */
  readonly personDeals: CompiledDeal[] = []
  /** Ids of the person that are told under contracts. */
  readonly ids: ToldId[] = []
  /** The buyer's own id of this browser, where it may be told. */
  buyeruid: ToldId | undefined
  readonly leftOut: Record<SegmentLeftOut, number> = {
    not_entitled: 0,
    capped: 0,
    edge_not_shared: 0,
    provider_consent: 0,
    token_full: 0,
  }

  reset(): void {
    this.count = 0
    this.hash = 0
    empty(this.openDeals)
    empty(this.personDeals)
    empty(this.ids)
    this.buyeruid = undefined
    this.leftOut.not_entitled = 0
    this.leftOut.capped = 0
    this.leftOut.edge_not_shared = 0
    this.leftOut.provider_consent = 0
    this.leftOut.token_full = 0
  }

  get hasIds(): boolean {
    return this.buyeruid !== undefined || this.ids.length > 0
  }

  addSegment(segment: number): void {
    if (this.count === this.segments.length) return
    this.segments[this.count++] = segment
    this.hash = (Math.imul(this.hash ^ segment, 0x9e3779b1) + 0x7f4a7c15) | 0
  }
}
