import { offsetMs } from '../audience/calendar.ts'

const HAS_OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/

/**
 * Wall time (ms since the epoch) that a `MomentText` names; one without offset is a local time in
 * `timeZone` (IANA; UTC by default). A local time that a change of clocks skips counts as the moment
 * of the change. NaN where the text is no moment (2026-02-30).
 */
export function momentOf(text: string, timeZone = 'UTC'): number {
  const dateOnly = !text.includes('T')
  const whole = dateOnly ? `${text}T00:00:00` : text
  if (!dateExists(text)) return Number.NaN
  if (!dateOnly && HAS_OFFSET.test(text)) return Date.parse(whole)
  const asUtcMs = Date.parse(`${whole}Z`)
  if (timeZone === 'UTC' || Number.isNaN(asUtcMs)) return asUtcMs
  const guessMs = asUtcMs - offsetMs(asUtcMs, timeZone)
  return asUtcMs - offsetMs(guessMs, timeZone)
}

/** The calendar day (`2026-11-26`) of a moment in an IANA time zone, UTC by default. */
export function dayIn(atMs: number, timeZone = 'UTC'): string {
  const localMs = timeZone === 'UTC' ? atMs : atMs + offsetMs(atMs, timeZone)
  return new Date(localMs).toISOString().slice(0, 10)
}

/** `Date.parse` lets 30 February pass as 2 March: a late day counts only if it comes back unchanged. */
function dateExists(text: string): boolean {
  const day = Number(text.slice(8, 10))
  return day <= 28 || new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day
}
