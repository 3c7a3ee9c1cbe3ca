import type { Exchange } from '../../exchange/exchange.ts'
import { NOTICE_KINDS, type NoticeKind } from '../../exchange/usage/ledger-record.ts'
import type { Caller, NoticeBook } from '../../exchange/usage/notice-book.ts'
import type { NoticeRefusal } from '../../exchange/usage/notice-reasons.ts'
import { bearerOf } from '../http/bearer-of.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { NOTICE_LIMITS } from './limits.ts'
import type { NoticeMetrics } from './notice-metrics.ts'
import { readQuery } from './read-query.ts'

export interface NoticeRooms {
  readonly exchange: Exchange
  readonly book: NoticeBook
  readonly metrics: NoticeMetrics
}

/** `GET|POST /notice/{win,billing,loss}`: see docs/endpoints/notices.md. */
export function noticeRoutes(rooms: NoticeRooms): Route[] {
  return NOTICE_KINDS.flatMap((what) =>
    (['GET', 'POST'] as const).map((method) => ({
      method,
      path: `/notice/${what}`,
      wants: ['authorization'],
      body: method === 'GET' ? 'none' : 'whole',
      bodyBytesMax: NOTICE_LIMITS.bodyBytesMax,
      handle: (ask, answer) => handleNotice(rooms, what, ask, answer),
    })),
  ) satisfies Route[]
}

/** Answered 2xx only once the notice is durable. */
async function handleNotice(
  { exchange, book, metrics }: NoticeRooms,
  what: NoticeKind,
  ask: Ask,
  answer: Answer,
): Promise<void> {
  const form = ask.method === 'POST' ? Buffer.from(ask.body).toString() : ''
  const given = readQuery(what, ask.query, form)
  const caller = callerOf(exchange, ask.headers[0]!)
  const refusal = typeof caller === 'string' ? caller : await book.take(given, caller)
  if (refusal === undefined) {
    metrics.taken(what)
    answer.send(204, ['cache-control', 'no-store'])
  } else {
    metrics.refused(refusal)
    answer.send(STATUS[refusal], headersOf(refusal))
  }
}

/** Scopes of keys that only their partner has: one for a path alone stands in pages and addresses for others to read. */
const SCOPES = ['bid', 'data', 'desk'] as const

/** Whose key stands beside the token, if any does. */
function callerOf(exchange: Exchange, authorization: string): Caller | NoticeRefusal {
  if (authorization === '') return undefined
  const catalog = exchange.catalog()
  if (catalog === undefined) return 'starting'
  const holder = catalog.findKey(bearerOf(authorization))
  const isTheirs = SCOPES.some((scope) => holder?.scopes.has(scope))
  return holder && isTheirs ? holder.partner.number : 'unauthorized'
}

function headersOf(refusal: NoticeRefusal): string[] {
  const headers = ['x-passerelle-reason', refusal]
  if (STATUS[refusal] === 401) headers.push('www-authenticate', 'Bearer')
  if (STATUS[refusal] === 503) headers.push('retry-after', String(NOTICE_LIMITS.retryAfterS))
  return headers
}

const STATUS: Readonly<Record<NoticeRefusal, number>> = {
  no_token: 400,
  bad_token: 400,
  expired: 410,
  from_future: 400,
  unauthorized: 401,
  foreign_key: 403,
  bad_imp: 400,
  too_many_imps: 400,
  bad_price: 400,
  bad_currency: 400,
  bad_used: 400,
  bad_witness: 400,
  starting: 503,
  unknown_terms: 503,
  ledger: 503,
}
