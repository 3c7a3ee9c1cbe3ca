import { offsetMs } from '../audience/calendar.ts'
import { DAY_MS, dayOf } from '../audience/clock.ts'

const HAS_OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/

/**
 * Wall time (ms since the epoch) that a `MomentText` names; one without offset is a local time in
 * `timeZone` (IANA; UTC by default). One that a change of clocks repeats is the earlier; one that they
 * skip is read as if they had not changed yet: a skipped midnight is the moment of the change. NaN where
 * the text is no moment (2026-02-30).
 */
export function momentOf(text: string, timeZone = 'UTC'): number {
  const dateOnly = !text.includes('T')
  const whole = dateOnly ? `${text}T00:00:00` : text
  if (!dateExists(text)) return Number.NaN
  if (!dateOnly && HAS_OFFSET.test(text)) return Date.parse(whole)
  const asUtcMs = Date.parse(`${whole}Z`)
  if (timeZone === 'UTC' || Number.isNaN(asUtcMs)) return asUtcMs
  return localMomentMs(asUtcMs, timeZone)
}

/** Clocks change at most once within two days: the offset is that of the day before or of the day after. */
function localMomentMs(asUtcMs: number, timeZone: string): number {
  const beforeMs = asUtcMs - offsetMs(asUtcMs - DAY_MS, timeZone)
  const afterMs = asUtcMs - offsetMs(asUtcMs + DAY_MS, timeZone)
  const isAfter = beforeMs !== afterMs && asUtcMs - offsetMs(beforeMs, timeZone) !== beforeMs
  return isAfter && asUtcMs - offsetMs(afterMs, timeZone) === afterMs ? afterMs : beforeMs
}

/** The calendar day (`2026-11-26`) of a moment in an IANA time zone, UTC by default. */
export function dayIn(atMs: number, timeZone = 'UTC'): string {
  const localMs = timeZone === 'UTC' ? atMs : atMs + offsetMs(atMs, timeZone)
  return dayText(dayOf(localMs))
}

const DAY = /^(19|2\d)\d\d-\d\d-\d\d$/

/**
 * True for a date such as `2026-11-26` that exists. Its year is from 1900 to 2999: who asks for days is
 * answered day by day, and texts of years with five digits have no order.
 */
export function isDay(text: string): boolean {
  return DAY.test(text) && !Number.isNaN(momentOf(text))
}

/** The text of a day's number (days since 1970-01-01). */
export function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** `Date.parse` lets 30 February pass as 2 March: a late day counts only if it comes back unchanged. */
function dateExists(text: string): boolean {
  const day = Number(text.slice(8, 10))
  return day <= 28 || new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day
}
