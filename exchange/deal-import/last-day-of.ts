import { DAY_MS } from '../../audience/clock.ts'
import { momentOf } from '../moment.ts'

/**
 * The end of a flight in this house's terms, where the end is the first moment that is no longer in it: a
 * last day counts whole, so it ends as the next one begins.
 */
export function lastDayOf(text: string | undefined): string | undefined {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return text
  const ms = momentOf(text)
  return Number.isNaN(ms) ? text : new Date(ms + DAY_MS).toISOString().slice(0, 10)
}
