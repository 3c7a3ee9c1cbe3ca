import { type Static, Type } from '../../audience/schema.ts'
import { closed } from '../fields.ts'
import { type Dialect, Dialects, type SellerStatus, SellerStatuses } from './reasons.ts'

/** Where an imported deal comes from, kept with it; written by imports only. */
export const DealSource = closed({
  dialect: Type.Enum(Object.keys(Dialects) as Dialect[]),
  /** How the seller sees it; a deal is offered only where the desk and the seller have it active. */
  status: Type.Enum(Object.keys(SellerStatuses) as SellerStatus[]),
  /** Which of our fields the sender decides on: what it leaves out next time is taken away. */
  fields: Type.Array(Type.String()),
  /** Fields of the document that have no counterpart here, by their path, as they were sent. */
  kept: Type.Record(Type.String(), Type.Unknown()),
})
export type DealSource = Static<typeof DealSource>
