import { Type } from '../../audience/schema.ts'
import { momentOf } from '../../exchange/moment.ts'
import { LIMITS } from '../limits.ts'
import { LineFaults } from '../reasons.ts'

/** `at` of a line: a date, a date and time (UTC where it has no offset), or milliseconds since the epoch. */
export const At = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  minimum: 0,
  maximum: 8_640_000_000_000_000,
  pattern:
    '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$',
})

/** When a line holds from, in milliseconds since the epoch; `nowMs` where it does not say. Or a sentence why not. */
export function momentOfLine(at: string | number | undefined, nowMs: number): number | string {
  if (at === undefined) return nowMs
  const atMs = typeof at === 'number' ? at : momentOf(at)
  if (Number.isNaN(atMs) || atMs < 0) return LineFaults.no_such_moment
  return atMs > nowMs + LIMITS.aheadMsMax ? LineFaults.in_future : atMs
}
