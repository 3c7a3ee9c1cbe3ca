import type { FactsForm } from '../../proto/bid-facts.ts'
import type { ImpPlace } from '../../proto/request-places.ts'
import type { ScanOutcome } from '../../proto/scan-outcome.ts'
import type { Bid } from './bid.ts'
import type { DealPiece } from './deal-pieces.ts'
import type { IdsPiece } from './ids-given.ts'
import type { IsThere } from './make-fragment.ts'
import type { BidRefusal } from './reasons.ts'

/**
 * How one kind of client asks and is answered. What lies between, from consent to the accounts, is the same for all
 * wires and knows no bytes (handle-bid.ts): a decision comes in as `bid.holder`, `bid.bytes` and whatever the form
 * of the request says; what may be given goes out as `bid.plan`.
 *
 * A wire that answers with something else than a bid request makes one of what it is asked, in JSON, and reads the plan.
 */
export interface Wire {
  /** How its bid requests are written. */
  readonly form: RequestForm
  /** What its answers can carry, where `arrive` says nothing else. */
  readonly gives: Gives
  /** Who asks (see `arriveAs`), and the bytes of the bid request at `bid.bytes`; or why it is refused. */
  arrive(bid: Bid): BidRefusal | undefined
  /**
   * Sends what `bid.plan` holds, or why that is nothing (`bid.reason`), by `bid.answer`, at once. What it leaves in the
   * plan is accounted for as given: what it cannot send it takes out.
   */
  reply(bid: Bid): void
  /** Turns the request away. */
  refuse(bid: Bid, refusal: BidRefusal): void
}

/** What an answer can carry. What it cannot is not chosen, so that nobody pays for it. */
export interface Gives {
  readonly segments: boolean
  readonly deals: boolean
  /** Ids of the person, under contracts for them; `eids`: as eids that share a matcher, and no `buyeruid`. */
  readonly ids: boolean | 'eids'
  /** Tokens: without them nothing is given that is billed on notice. */
  readonly tokens: boolean
}

export const EVERYTHING: Gives = { segments: true, deals: true, ids: true, tokens: true }

/** A deal as a request names it. */
export interface DealTold {
  id: string
  bidfloor: number
  bidfloorcur: string
}

/** How bid requests are written: what is asked of the bytes of one. */
export interface RequestForm {
  /** A copy of `bid.bytes` for a request that has to wait; absent where no other request is written over them. */
  keepBytes?(bid: Bid): Uint8Array
  /** Fills `bid.facts` and `bid.places`. */
  scan(bid: Bid): ScanOutcome
  /** The word for bytes that are not of this form. */
  readonly malformed: BidRefusal
  /** How facts of this form read what only its bytes say. */
  readonly facts: FactsForm
  /** Segments in `user.data`; undefined where there are none. */
  dataThere(bid: Bid): IsThere | undefined
  /** Ids in an imp's `pmp.deals`; undefined where none of `deals` can be among them. */
  dealsThere(bid: Bid, imp: ImpPlace, deals: readonly DealPiece[]): ReadonlySet<unknown> | undefined
  /** Domains in a DSA `transparency` list; undefined where there are none. */
  domainsTold(bid: Bid): ReadonlySet<unknown> | undefined
  /** What the deals of an imp say of themselves; a currency that is not named is USD. */
  dealsTold(bid: Bid, imp: ImpPlace): DealTold[]
  /** The id of an imp that has one. */
  impId(bid: Bid, imp: ImpPlace): string
  /** Writes the ids that were chosen; undefined where none is left to add. */
  makeIds(bid: Bid): IdsPiece | undefined
}
