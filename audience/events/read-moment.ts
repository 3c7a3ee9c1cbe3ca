/** `2026-11-27`, with a time behind a T or a blank, with an offset or none. */
const ISO =
  /^(\d{4}-\d{2}-(\d{2}))(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?) ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$/i
/** As nearly all senders write it, of a day that every month has. */
const PLAIN = /^\d{4}-\d{2}-(?:[01]\d|2[0-8])T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
/** As dates print themselves in JavaScript and in headers of HTTP. */
const NAMED = /^[A-Z][a-z]{2},? .{10,100}$/
const ZONED = /\b(?:GMT|UTC|[+-]\d{4})\b/
const DIGITS = /^\d{9,13}(?:\.\d{1,9})?$/
/** Numbers below it are seconds (until the year 2970), others milliseconds (from 1971 on). */
const SECONDS_MAX = 31_557_600_000
/** Beyond it (the year 5138) a number counts something smaller than milliseconds. */
const MS_MAX = 1e14

/**
 * Milliseconds since the epoch that a sender means: ISO 8601, where it says no offset in UTC, whatever zone this machine is in; seconds or
 * milliseconds since 1970; a date as JavaScript or HTTP prints it. Undefined for all else: 03/04/2026 is read differently by country, and 30 February is no day.
 */
export function readMoment(value: unknown): number | undefined {
  if (typeof value === 'number') return ofNumber(value)
  if (typeof value !== 'string') return undefined
  if (PLAIN.test(value)) return finite(Date.parse(value))
  const iso = ISO.exec(value)
  if (iso) return ofIso(iso)
  if (DIGITS.test(value)) return ofNumber(Number(value))
  return NAMED.test(value) && ZONED.test(value) ? finite(Date.parse(value)) : undefined
}

function ofNumber(value: number): number | undefined {
  const ms = Math.abs(value) < SECONDS_MAX ? value * 1_000 : value
  return Math.abs(ms) < MS_MAX ? ms : undefined
}

function ofIso([, date, day, time = '00:00', zone = 'Z']: RegExpExecArray): number | undefined {
  const midnightMs = Date.parse(`${date}T00:00:00Z`)
  // `Date.parse` lets 30 February pass as 2 March.
  if (Number(day) > 28 && new Date(midnightMs).getUTCDate() !== Number(day)) return undefined
  if (zone === 'Z' && time === '00:00') return finite(midnightMs)
  return finite(Date.parse(`${date}T${time.replace(',', '.')}${offsetOf(zone)}`))
}

/** As `Date.parse` reads it: Z, or hours and minutes. */
function offsetOf(zone: string): string {
  const [, hours, minutes = '00'] = /^([+-]\d{2}):?(\d{2})?$/.exec(zone) ?? []
  return hours === undefined ? 'Z' : `${hours}:${minutes}`
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined
}
