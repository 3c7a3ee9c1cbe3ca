import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { CSV_TYPE, csvOf } from '../api/csv.ts'
import type { Call, Reply } from '../api/route.ts'

/** `?format=`, for whoever cannot set an Accept header. */
export const Format = Type.Optional(Type.Enum(['json', 'csv']))

/** By `?format=`, else by an Accept header that names CSV before JSON. */
export function asksForCsv({ query, headers }: Pick<Call, 'query' | 'headers'>): boolean {
  if (query['format'] !== undefined) return query['format'] === 'csv'
  const csv = headers.accept.indexOf('text/csv')
  const json = headers.accept.indexOf('application/json')
  return csv >= 0 && (json < 0 || csv < json)
}

/** Rows on a page where the caller may say; as CSV a page is as long as an answer may be. */
export function rowsAsked(limit: number | undefined, isCsv: boolean): number {
  if (limit === undefined) return isCsv ? LIMITS.csvRowsMax : LIMITS.pageDefault
  if (!isCsv && limit > LIMITS.pageMax)
    throw refuse('invalid', 'limit', `must be <= ${LIMITS.pageMax} (${LIMITS.csvRowsMax} as CSV)`)
  return limit
}

/** A page as CSV; what to ask `after` for the next stands in `x-next`. */
export function csvReply<T extends object>(
  columns: readonly (keyof T & string)[],
  { rows, next }: { rows: readonly T[]; next?: string | null },
): Reply {
  const text = { type: CSV_TYPE, text: csvOf(columns, rows) }
  return { status: 200, text, ...(next ? { headers: ['x-next', next] } : {}) }
}
