import { Type } from '../../audience/schema.ts'
import { PRICE_KINDS } from '../../exchange/contract.ts'
import { closed } from '../../exchange/fields.ts'
import { StatementStatuses } from '../../exchange/statements/statement-record.ts'
import { WITNESSES } from '../../exchange/usage/ledger-record.ts'
import { UsageNotes } from '../../exchange/usage/usage-notes.ts'
import type { NamedSchema } from '../api/route.ts'
import { pageOf } from './shapes.ts'

export const Notes = Type.Array(
  Type.Enum(Object.keys(UsageNotes) as (keyof typeof UsageNotes)[], {
    description: 'What there is to know beside the numbers.',
  }),
)

/** An amount, and how it is divided. */
export const Money = {
  amountMicros: Type.Integer({ description: 'What the buyer pays.' }),
  feeBps: Type.Integer({ description: 'What the exchange keeps of it, in basis points.' }),
  feeMicros: Type.Integer(),
  payoutMicros: Type.Integer({ description: 'What the seller gets.' }),
  currency: Type.String(),
}

const Line: NamedSchema = {
  name: 'StatementLine',
  schema: closed({
    seller: Type.String(),
    buyer: Type.String(),
    contract: Type.String(),
    version: Type.Integer({ description: 'Of the contract’s terms.' }),
    segment: Type.String({ description: 'Empty where the line is a fee by the month.' }),
    deal: Type.String(),
    day: Type.String({ description: 'The last of the month.' }),
    priceKind: Type.Enum([...PRICE_KINDS]),
    listMicros: Type.Integer({ description: 'The price before the buyer’s discount.' }),
    priceMicros: Type.Integer(),
    units: Type.Integer(),
    witnesses: closed(
      Object.fromEntries(WITNESSES.map((witness) => [witness, Type.Optional(Type.Integer())])),
    ),
    days: Type.Optional(Type.Integer()),
    daysInMonth: Type.Optional(Type.Integer()),
    ...Money,
    notes: Notes,
  }),
}

/** A sum in one currency. */
export const Total = closed({
  currency: Type.String(),
  units: Type.Integer(),
  amountMicros: Type.Integer(),
  feeMicros: Type.Integer(),
  payoutMicros: Type.Integer(),
})

export const AdjustmentShape: NamedSchema = {
  name: 'Adjustment',
  schema: closed({
    id: Type.String(),
    period: Type.String(),
    seller: Type.String(),
    buyer: Type.String(),
    contract: Type.String(),
    version: Type.Integer(),
    segment: Type.String(),
    deal: Type.String(),
    day: Type.String({ description: 'When it was made.' }),
    units: Type.Integer(),
    ...Money,
    reason: Type.String(),
    cause: Type.Enum(['late_usage', 'agreed']),
  }),
}

export const StatementShape: NamedSchema = {
  name: 'Statement',
  schema: closed({
    period: Type.String(),
    seller: Type.String(),
    buyer: Type.String(),
    status: Type.Enum(Object.keys(StatementStatuses) as (keyof typeof StatementStatuses)[]),
    closesAt: Type.Optional(Type.String()),
    closedAt: Type.Optional(Type.String()),
    settledAt: Type.Optional(Type.String()),
    settlement: Type.Optional(Type.String()),
    lines: Type.Integer(),
    adjustments: Type.Integer(),
    sha256: Type.Optional(
      Type.String({ description: 'Of its lines as JSON, as `items` shows them.' }),
    ),
    disputes: Type.Array(
      closed({
        at: Type.String(),
        by: Type.Enum(['seller', 'buyer', 'exchange']),
        reason: Type.String(),
        contract: Type.Optional(Type.String()),
      }),
    ),
    totals: Type.Array(Total),
  }),
}

const Page = pageOf(Line).schema as unknown as { properties: Record<string, never> }

export const PeriodShape: NamedSchema = {
  name: 'PeriodStatements',
  schema: closed({
    period: Type.String(),
    statements: Type.Array(StatementShape.schema),
    adjustments: Type.Array(AdjustmentShape.schema),
    totals: Type.Array(Total),
    told: Type.Array(
      closed({
        seller: Type.String(),
        buyer: Type.String(),
        contract: Type.String(),
        lost: Type.Integer({ description: 'Impressions that were told lost.' }),
        conflicts: Type.Integer({ description: 'Prices that contradict another one.' }),
      }),
    ),
    ...Page.properties,
  }),
}

export const StatementList: NamedSchema = {
  name: 'StatementList',
  schema: closed({ items: Type.Array(StatementShape.schema) }),
}
