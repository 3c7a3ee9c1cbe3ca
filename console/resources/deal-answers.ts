import type { Problem, Refused } from '../../audience/refusal.ts'
import { type TSchema, Type } from '../../audience/schema.ts'
import type { DealRecord } from '../../exchange/deal.ts'
import type { DealDocument } from '../../exchange/deal-import/deal-document.ts'
import { AGENT_STATUS, BUYER_STATUS } from '../../exchange/deal-import/deal-state.ts'
import { type DealState, DealStates, KeptReasons } from '../../exchange/deal-import/reasons.ts'
import type { DealImported } from '../../exchange/desk/import-deal.ts'
import { closed } from '../../exchange/fields.ts'
import type { NamedSchema } from '../api/route.ts'

/** What became of one document of an import, with what it said and how its deal stands now. */
export type ImportResult =
  | Extract<DealImported, { outcome: 'refused' }>
  | (Exclude<DealImported, { outcome: 'refused' }> & { document: DealDocument; state: DealState })

type Taken = Exclude<ImportResult, { outcome: 'refused' }>

const Field = closed({ field: Type.String(), reason: Type.String() })

const facts = {
  /** Our id of the deal. */
  deal: Type.String(),
  outcome: Type.Enum(['created', 'updated', 'unchanged']),
  state: Type.Enum(Object.keys(DealStates) as DealState[]),
  /** Kept with the deal, and changing nothing in a request; why. */
  kept: Type.Array(Field),
  /** Fields that are unknown here. */
  ignored: Type.Array(Type.String()),
}

const BuyerStatuses = Type.Array(
  closed({ buyerseatid: Type.Optional(Type.String()), status: Type.Integer() }),
)
const Version = Type.Literal('1.0')

/** Deal Sync API 1.0, BuyerSeat. */
export const BuyerSeat: NamedSchema = {
  name: 'BuyerSeat',
  schema: closed({ version: Version, id: Type.String(), buyerstatus: BuyerStatuses }),
}

/** What the seller agent reads when it asks how a deal stands, and of whom nothing else is known. */
const AgentStatus = closed({ deal_id: Type.String(), status: Type.String() })

export const DealStatusAnswer: NamedSchema = {
  name: 'DealStatusAnswer',
  schema: Type.Union([BuyerSeat.schema, AgentStatus]),
}

const BuyerSeatImported = closed({
  version: Version,
  id: Type.String(),
  buyerstatus: BuyerStatuses,
  ext: closed({ passerelle: closed(facts) }),
})
const AgentImported = closed({ deal_id: Type.String(), status: Type.String(), ...facts })
const Batch = closed({
  accepted: Type.Integer(),
  refused: Type.Integer(),
  items: Type.Array(
    Type.Union([
      BuyerSeatImported,
      AgentImported,
      closed({
        outcome: Type.Literal('refused'),
        reason: Type.String(),
        errors: Type.Array(Field),
      }),
    ]) as TSchema,
  ),
})

export const DealImportAnswer: NamedSchema = {
  name: 'DealImportAnswer',
  schema: Type.Union([BuyerSeatImported, AgentImported, Batch]),
}

/** The answer to one document, in its sender's dialect. */
export function importAnswer({ outcome, document, deal, state }: Taken): object {
  const own = {
    deal: deal.id,
    outcome,
    state,
    kept: document.keptFields.map(({ field, reason }) => ({ field, reason: KeptReasons[reason] })),
    ignored: document.ignored,
  }
  if (document.dialect === 'seller_agent') return { ...agentStatus(document.dealId, state), ...own }
  return { ...buyerSeat(document.dealId, deal, state), ext: { passerelle: own } }
}

export function batchAnswer(results: readonly ImportResult[]): object {
  const items = results.map((result) =>
    result.outcome === 'refused' ? refusedItem(result.error) : importAnswer(result),
  )
  const refused = results.filter(({ outcome }) => outcome === 'refused').length
  return { accepted: results.length - refused, refused, items }
}

function refusedItem({ word, problems }: Refused): {
  outcome: 'refused'
  reason: string
  errors: readonly Problem[]
} {
  return { outcome: 'refused', reason: word, errors: problems }
}

/** One status a seat; where the deal is for every seat, one without. */
export function buyerSeat(dealId: string, { wseat = [] }: DealRecord, state: DealState): object {
  const status = BUYER_STATUS[state]
  const seats = wseat.map((buyerseatid) => ({ buyerseatid, status }))
  return { version: '1.0', id: dealId, buyerstatus: seats.length > 0 ? seats : [{ status }] }
}

export function agentStatus(dealId: string, state: DealState): object {
  return { deal_id: dealId, status: AGENT_STATUS[state] }
}
