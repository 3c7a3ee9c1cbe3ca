import { Type } from '../../audience/schema.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import type { UsageItem, UsageQuery } from '../../exchange/desk/usage.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { WITNESSES } from '../../exchange/usage/ledger-record.ts'
import type { ApiRoute } from '../api/route.ts'
import { asksForCsv, csvReply, Format, rowsAsked } from './csv-reply.ts'
import { pageOf } from './shapes.ts'
import { Notes } from './statement-shapes.ts'

/** A day such as `2026-11-26`. */
export const Day = Type.String({ pattern: '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' })

const Query = closed({
  contract: Type.Optional(OperatorId),
  segment: Type.Optional(OperatorId),
  buyer: Type.Optional(OperatorId),
  seller: Type.Optional(OperatorId),
  from: Type.Optional(Day),
  to: Type.Optional(Day),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.csvRowsMax })),
  after: Type.Optional(
    Type.String({ maxLength: 255, pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}[.].*$' }),
  ),
  format: Format,
})

const Item = {
  name: 'UsageItem',
  schema: closed({
    day: Type.String({ description: 'In the contract’s time zone.' }),
    contract: Type.String(),
    version: Type.Integer({ description: 'Of the contract’s terms.' }),
    segment: Type.String(),
    buyer: Type.String(),
    seller: Type.String(),
    deal: Type.Optional(Type.String()),
    witness: Type.Enum([...WITNESSES]),
    units: Type.Integer(),
    amountMicros: Type.Integer(),
    currency: Type.String(),
    notes: Type.Optional(Notes),
  }),
}

const COLUMNS = [
  'day',
  'contract',
  'version',
  'segment',
  'buyer',
  'seller',
  'deal',
  'witness',
  'units',
  'amountMicros',
  'currency',
  'notes',
] as const satisfies (keyof UsageItem)[]

/** `GET /api/usage`. */
export function usageRoute({ usage }: { usage: UsageDesk }): ApiRoute {
  return {
    method: 'GET',
    path: '/api/usage',
    operationId: 'listUsage',
    summary: 'What was used under contracts, day by day, and what it comes to.',
    permission: 'side',
    query: Query,
    answers: { 200: { says: 'A page.', body: pageOf(Item), alsoAs: ['text/csv; charset=utf-8'] } },
    async handle(call) {
      const { format: _, ...asked } = call.query as UsageQuery & { format?: string }
      const isCsv = asksForCsv(call)
      const page = await usage.listUsage(call.caller.actor, {
        ...asked,
        limit: rowsAsked(asked.limit, isCsv),
      })
      if (!isCsv) return { status: 200, body: page }
      const rows = page.items.map((item) => ({ ...item, notes: item.notes?.join(' ') ?? '' }))
      return csvReply(COLUMNS, { rows, next: page.next })
    },
  }
}
