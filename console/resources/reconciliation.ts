import { Type } from '../../audience/schema.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import { Agreements, type ReconcileQuery } from '../../exchange/desk/reconcile.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { CSV_TYPE } from '../api/csv.ts'
import type { ApiRoute, NamedSchema } from '../api/route.ts'
import { asksForCsv, csvReply, Format, rowsAsked } from './csv-reply.ts'

const Query = closed({
  contract: Type.Optional(OperatorId),
  by: Type.Optional(Type.Enum(['segment', 'day'])),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.csvRowsMax })),
  after: Type.Optional(Type.String({ maxLength: 255 })),
  format: Format,
})

const compared = {
  ours: Type.Integer(),
  theirs: Type.Integer({ description: 'What the buyer reported.' }),
  difference: Type.Integer({ description: 'Theirs less ours.' }),
  agreement: Type.Enum(Object.keys(Agreements) as (keyof typeof Agreements)[]),
}

const Shape: NamedSchema = {
  name: 'Reconciliation',
  schema: closed({
    period: Type.String(),
    contract: Type.String(),
    total: closed(compared),
    items: Type.Array(
      closed({
        segment: Type.String(),
        day: Type.String({ description: 'Empty where the line is the whole month.' }),
        ...compared,
        daysNotReported: Type.Integer(),
        daysNotCounted: Type.Integer(),
      }),
    ),
    next: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
  }),
}

const COLUMNS = [
  'segment',
  'day',
  'ours',
  'theirs',
  'difference',
  'agreement',
  'daysNotReported',
  'daysNotCounted',
] as const

/** `GET /api/statements/{period}/reconciliation`. */
export function reconciliationRoute({ usage }: { usage: UsageDesk }): ApiRoute {
  return {
    method: 'GET',
    path: '/api/statements/{period}/reconciliation',
    operationId: 'reconcile',
    summary: 'Our count of a contract’s usage in a month beside what its buyer reported.',
    permission: 'side',
    query: Query,
    answers: { 200: { says: 'A page of lines.', body: Shape, alsoAs: [CSV_TYPE] } },
    async handle(call) {
      const { format: _, ...asked } = call.query as Omit<ReconcileQuery, 'period'> & {
        format?: string
      }
      const isCsv = asksForCsv(call)
      const limit = rowsAsked(asked.limit, isCsv)
      const given = { ...asked, period: call.params['period']!, limit }
      const found = await usage.reconcile(call.caller.actor, given)
      if (!isCsv) return { status: 200, body: found }
      return csvReply(COLUMNS, { rows: found.items, next: found.next })
    },
  }
}
