import { Type } from '../../audience/schema.ts'
import { AdjustmentBody } from '../../exchange/desk/adjustments.ts'
import { CloseBody } from '../../exchange/desk/close-statements.ts'
import type { Actor } from '../../exchange/desk/desk.ts'
import { DisputeBody, SettleBody } from '../../exchange/desk/statement-steps.ts'
import type {
  PeriodStatements,
  StatementQuery,
  StatementShown,
} from '../../exchange/desk/statements.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { CSV_TYPE } from '../api/csv.ts'
import type { ApiRoute, BodyDoc } from '../api/route.ts'
import { type AuditedRooms, note } from './audited.ts'
import { asksForCsv, csvReply, Format, rowsAsked } from './csv-reply.ts'
import { AdjustmentShape, PeriodShape, StatementList, StatementShape } from './statement-shapes.ts'

const PATH = '/api/statements/{period}'

const Query = closed({
  partner: Type.Optional(OperatorId),
  as: Type.Optional(Type.Enum(['seller', 'buyer'])),
  seller: Type.Optional(OperatorId),
  buyer: Type.Optional(OperatorId),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.csvRowsMax })),
  after: Type.Optional(Type.String({ maxLength: 512 })),
  format: Format,
})

/** `/api/statements`: what was billed in a month, and how statements live. */
export function statementRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { usage } = rooms
  return [
    getRoute(rooms),
    closeRoute(rooms),
    stepRoute(rooms, {
      word: 'dispute',
      summary: 'Says that a side does not agree with a closed statement.',
      permission: 'side',
      body: { kind: 'json', name: 'Dispute', schema: DisputeBody },
      step: usage.disputeStatement,
    }),
    stepRoute(rooms, {
      word: 'settle',
      summary: 'Ends the life of a statement: paid, or agreed otherwise.',
      permission: 'exchange',
      body: { kind: 'json', name: 'Settlement', schema: SettleBody },
      step: usage.settleStatement,
    }),
    adjustRoute(rooms),
  ]
}

function getRoute({ usage }: AuditedRooms): ApiRoute {
  return {
    method: 'GET',
    path: PATH,
    operationId: 'getStatements',
    summary: 'The statements of a month, with their lines, adjustments and totals.',
    permission: 'side',
    query: Query,
    answers: { 200: { says: 'Those the caller may see.', body: PeriodShape, alsoAs: [CSV_TYPE] } },
    async handle(call) {
      const { format: _, ...asked } = call.query as StatementQuery & { format?: string }
      const isCsv = asksForCsv(call)
      const limit = rowsAsked(asked.limit, isCsv)
      const given = { ...asked, period: call.params['period']!, limit }
      const statements = await usage.getStatements(call.caller.actor, given)
      if (!isCsv) return { status: 200, body: statements }
      return csvReply(COLUMNS, { rows: rowsOf(statements, asked.after), next: statements.next })
    },
  }
}

const COLUMNS = [
  'period',
  'status',
  'seller',
  'buyer',
  'contract',
  'version',
  'segment',
  'deal',
  'day',
  'entry',
  'priceKind',
  'listMicros',
  'priceMicros',
  'units',
  'gateway',
  'buyerTold',
  'exchange',
  'creative',
  'days',
  'daysInMonth',
  'amountMicros',
  'feeBps',
  'feeMicros',
  'payoutMicros',
  'currency',
  'id',
  'reason',
  'notes',
] as const

type Row = Partial<Record<(typeof COLUMNS)[number], string | number>>

/** Lines, and on the first page the adjustments after them. */
function rowsOf({ period, items, adjustments, statements }: PeriodStatements, after = ''): Row[] {
  const statusOf = new Map(
    statements.map(({ seller, buyer, status }) => [`${seller} ${buyer}`, status]),
  )
  const status = (one: { seller: string; buyer: string }) =>
    statusOf.get(`${one.seller} ${one.buyer}`)!
  const lines = items.map(({ witnesses, notes, ...line }): Row => {
    const { gateway = 0, buyer = 0, exchange = 0, creative = 0 } = witnesses
    const entry = line.segment === '' ? 'month' : 'usage'
    const told = { gateway, buyerTold: buyer, exchange, creative }
    return { period, status: status(line), entry, ...line, ...told, notes: notes.join(' ') }
  })
  const adjusted = adjustments.map(
    ({ cause: entry, ...one }): Row => ({ status: status(one), entry, ...one }),
  )
  return after === '' ? [...lines, ...adjusted] : lines
}

function closeRoute(rooms: AuditedRooms): ApiRoute {
  return {
    method: 'POST',
    path: `${PATH}/close`,
    operationId: 'closeStatements',
    summary:
      'Closes the statements of a month that is over: their lines are frozen once no notice can come any more.',
    permission: 'exchange',
    body: { kind: 'json', name: 'Closing', schema: CloseBody, isOptional: true },
    answers: { 200: { says: 'Those that were closed, or are closing.', body: StatementList } },
    async handle(call) {
      const period = call.params['period']!
      const closing = await rooms.usage.closeStatements(call.caller.actor, {
        period,
        body: call.body,
      })
      for (const statement of closing.items)
        await noteStep(rooms, call, { verb: 'closeStatements', statement })
      return { status: 200, body: closing }
    },
  }
}

interface Step extends Pick<ApiRoute, 'summary' | 'permission'> {
  word: 'dispute' | 'settle'
  body: BodyDoc
  step(actor: Actor, given: { period: string; body?: unknown }): Promise<StatementShown>
}

function stepRoute(rooms: AuditedRooms, { word, summary, permission, body, step }: Step): ApiRoute {
  const verb = `${word}Statement`
  return {
    method: 'POST',
    path: `${PATH}/${word}`,
    operationId: verb,
    summary,
    permission,
    body,
    answers: { 200: { says: 'The statement as it is now.', body: StatementShape } },
    async handle(call) {
      const given = { period: call.params['period']!, body: call.body }
      const statement = await step(call.caller.actor, given)
      await noteStep(rooms, call, { verb, statement })
      return { status: 200, body: statement }
    },
  }
}

function adjustRoute(rooms: AuditedRooms): ApiRoute {
  const verb = 'adjustStatement'
  return {
    method: 'POST',
    path: `${PATH}/adjustments`,
    operationId: verb,
    summary: 'Adds a dated line to a closed statement; the same id again adds nothing.',
    permission: 'exchange',
    body: { kind: 'json', name: 'AdjustmentBody', schema: AdjustmentBody },
    answers: {
      200: { says: 'It was there.', body: AdjustmentShape },
      201: { says: 'Added.', body: AdjustmentShape },
    },
    async handle(call) {
      const given = { period: call.params['period']!, body: call.body }
      const { value, version, created } = await rooms.usage.adjustStatement(
        call.caller.actor,
        given,
      )
      const object = `adjustment/${value.period}.${value.seller}.${value.buyer}.${value.id}`
      const details = { contract: value.contract, amountMicros: value.amountMicros }
      if (created) await note(rooms, call, { verb, object, before: null, after: version, details })
      return { status: created ? 201 : 200, body: value }
    },
  }
}

function noteStep(
  rooms: AuditedRooms,
  call: Parameters<typeof note>[1],
  { verb, statement }: { verb: string; statement: StatementShown },
): Promise<void> {
  const { period, seller, buyer, status } = statement
  const object = `statement/${period}.${seller}.${buyer}`
  return note(rooms, call, { verb, object, before: null, after: null, details: { status } })
}
