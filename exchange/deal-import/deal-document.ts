import type { Problem } from '../../audience/refusal.ts'
import type { DealBody } from '../deal.ts'
import type { KeptField } from './foreign-document.ts'
import type { Dialect, SellerStatus } from './reasons.ts'

/** Fields of a deal that a sender decides on; audience, buyers and our own status are the desk's. */
export type SenderFields = Partial<
  Pick<
    DealBody,
    | 'name'
    | 'bidfloor'
    | 'bidfloorcur'
    | 'at'
    | 'guar'
    | 'wseat'
    | 'wadomain'
    | 'startsAt'
    | 'endsAt'
    | 'regions'
    | 'site'
  >
>

/** A foreign document in this house's terms. */
export interface DealDocument {
  dialect: Dialect
  /** The deal's id in its origin's namespace, as it stands in requests. */
  dealId: string
  /** Domains of who honours the id and of who sold the deal, where the document names them. */
  origin: string | undefined
  seller: string | undefined
  sellerStatus: SellerStatus
  fields: SenderFields
  /** What our fields are called in the document, for refusals. */
  names: Readonly<
    Partial<Record<keyof SenderFields | 'seller' | 'exchange', string>> &
      Record<'dealId' | 'status', string>
  >
  kept: Readonly<Record<string, unknown>>
  keptFields: readonly KeptField[]
  /** Paths that are unknown here. */
  ignored: readonly string[]
  problems: readonly Problem[]
}
