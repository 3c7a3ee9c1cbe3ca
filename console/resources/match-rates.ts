import type { Audience } from '../../audience/audience.ts'
import { Type } from '../../audience/schema.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { BROWSER_CLASSES } from '../../exchange/matchrates/browser-class.ts'
import {
  listRates,
  type RatesAsked,
  type RatesItem,
  rateRowKey,
} from '../../exchange/matchrates/list-rates.ts'
import { RATE_NAMES, RATES, type RateName } from '../../exchange/matchrates/measures.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { asksForCsv, csvReply, Format, rowsAsked } from './csv-reply.ts'
import { Day } from './usage.ts'

const Query = closed({
  partner: Type.Optional(OperatorId),
  browser: Type.Optional(Type.Enum([...BROWSER_CLASSES])),
  from: Type.Optional(Day),
  to: Type.Optional(Day),
  by: Type.Optional(Type.Enum(['day'])),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.csvRowsMax })),
  after: Type.Optional(Type.String({ maxLength: 255 })),
  format: Format,
})

const Share = (description: string) =>
  Type.Unsafe<number | null>({ type: ['number', 'null'], description })

/** A rate with what it is made of. */
export const RateShape = closed({
  count: Type.Integer({ minimum: 0, description: 'The numerator.' }),
  of: Type.Integer({ minimum: 0, description: 'The denominator.' }),
  rate: Share('One by the other; null where there is nothing to divide by.'),
  low: Share('Between this …'),
  high: Share('… and this lies the true rate with 95 % confidence (Wilson).'),
})

const Item = closed({
  day: Type.Optional(Type.String({ description: 'UTC, with `by=day`.' })),
  partner: Type.String(),
  browser: Type.Enum([...BROWSER_CLASSES]),
  namespace: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Null: any.' }),
  ...each((name) => Type.Unsafe<object>({ ...RateShape, description: RATES[name].says })),
  denied: Type.Integer({
    minimum: 0,
    description:
      'Visits in none of the rates: consent forbade the sync. Not permitted is not unmatched.',
  }),
})

const Page = {
  name: 'MatchRates',
  schema: closed({
    from: Type.String({ description: 'The first day counted, UTC.' }),
    to: Type.String({ description: 'The last.' }),
    definitions: closed(each(() => Type.String())),
    items: Type.Array(Item),
    next: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'What to ask `after` for the next page.',
    }),
  }),
}

/** `GET /api/matchrates`. */
export function matchRatesRoute(rooms: AuditedRooms & { audience: Audience }): ApiRoute {
  return {
    method: 'GET',
    path: '/api/matchrates',
    operationId: 'listMatchRates',
    summary:
      'Four match rates (offered, matched, live, biddable) by partner, browser class and namespace, each with what it is made of.',
    permission: 'side',
    query: Query,
    answers: { 200: { says: 'A page.', body: Page, alsoAs: ['text/csv; charset=utf-8'] } },
    handle: (call) => ratesReply(rooms, call),
  }
}

async function ratesReply(
  { exchange, audience, clock }: AuditedRooms & { audience: Audience },
  call: Call,
) {
  const {
    limit,
    after = '',
    ...asked
  } = call.query as RatesAsked & {
    limit?: number
    after?: string
  }
  const isCsv = asksForCsv(call)
  const rows = rowsAsked(limit, isCsv)
  const snapshot = exchange.deskDeps.feed.current()!
  const { tallies } = audience.store
  const found = await listRates({ tallies, snapshot, clock }, call.caller.actor, asked)
  const left = found.items.filter((item) => rateRowKey(item) > after)
  const items = left.slice(0, rows)
  const next = left.length > rows ? rateRowKey(items.at(-1)!) : null
  if (isCsv) return csvReply(COLUMNS, { rows: items.map(cellsOf), next })
  const { from, to } = found
  return { status: 200, body: { from, to, definitions: DEFINITIONS, items, next } }
}

const DEFINITIONS = each((name) => RATES[name].says)

const KEYS = ['day', 'partner', 'browser', 'namespace'] as const
const COLUMNS: readonly string[] = [
  ...KEYS,
  ...RATE_NAMES.flatMap((name) => [`${name}_count`, `${name}_of`, `${name}_rate`]),
  'denied',
]

function cellsOf(item: RatesItem): Record<string, unknown> {
  const rates = RATE_NAMES.flatMap((name) => {
    const { count, of, rate } = item[name]
    return Object.entries({ [`${name}_count`]: count, [`${name}_of`]: of, [`${name}_rate`]: rate })
  })
  const { day, partner, browser, namespace, denied } = item
  return { day, partner, browser, namespace, ...Object.fromEntries(rates), denied }
}

function each<T>(of: (name: RateName) => T): Record<RateName, T> {
  return Object.fromEntries(RATE_NAMES.map((name) => [name, of(name)])) as Record<RateName, T>
}
