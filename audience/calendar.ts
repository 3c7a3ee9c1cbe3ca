const DAY_MS = 86_400_000
const SECOND_MS = 1000
/** The widest a time zone is from UTC. */
const OFFSET_HOURS_MAX = 15
const DAYS_KEPT_MAX = 4_000

/**
 * Days of a time zone, numbered as UTC's are (0 is 1970-01-01). A day begins at the first moment that
 * bears its date, so days of 23 or 25 hours and midnights that do not exist come out right.
 */
export class Calendar {
  readonly zone: string
  readonly #starts = new Map<number, number>()
  /** The day asked for last, and its bounds: what is asked next is most often of the same. */
  #last = { day: 0, startMs: 0, endMs: 0 }

  /** `zone`: an IANA name (`isTimeZone`). */
  constructor(zone = 'UTC') {
    this.zone = zone
  }

  /** The number of the day a moment is in. */
  dayOf(atMs: number): number {
    if (this.zone === 'UTC') return Math.floor(atMs / DAY_MS)
    if (atMs >= this.#last.startMs && atMs < this.#last.endMs) return this.#last.day
    let day = Math.floor(atMs / DAY_MS)
    while (this.startOf(day) > atMs) day--
    while (this.startOf(day + 1) <= atMs) day++
    this.#last = { day, startMs: this.startOf(day), endMs: this.startOf(day + 1) }
    return day
  }

  /** The first moment of a day (ms since the epoch). */
  startOf(day: number): number {
    if (this.zone === 'UTC') return day * DAY_MS
    let startMs = this.#starts.get(day)
    if (startMs === undefined) {
      startMs = firstMomentOf(day, this.zone)
      if (this.#starts.size >= DAYS_KEPT_MAX) this.#starts.clear()
      this.#starts.set(day, startMs)
    }
    return startMs
  }
}

const calendars = new Map<string, Calendar>()

/** The calendar of an IANA time zone (UTC by default), kept for everybody who asks. */
export function calendarIn(zone = 'UTC'): Calendar {
  let calendar = calendars.get(zone)
  if (!calendar) {
    calendar = new Calendar(zone)
    if (calendars.size < ZONES_KEPT_MAX) calendars.set(zone, calendar)
  }
  return calendar
}

/** Halves the hours around UTC's midnight until the second is found at which the date begins. */
function firstMomentOf(day: number, zone: string): number {
  let before = Math.floor((day * DAY_MS) / SECOND_MS) - OFFSET_HOURS_MAX * 3600
  let after = before + 2 * OFFSET_HOURS_MAX * 3600
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    const atMs = middle * SECOND_MS
    if (Math.floor((atMs + offsetMs(atMs, zone)) / DAY_MS) >= day) after = middle
    else before = middle
  }
  return after * SECOND_MS
}

const formats = new Map<string, Intl.DateTimeFormat>()
const ZONES_KEPT_MAX = 600

/** How far local time in a zone is ahead of UTC at a moment. */
export function offsetMs(atMs: number, timeZone: string): number {
  const part: Record<string, number> = {}
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) part[type] = Number(value)
  const { year, month, day, hour, minute, second } = part
  const localMs = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!)
  return localMs - Math.floor(atMs / 1000) * 1000
}

/** True for a time zone this machine's ICU knows by its IANA name. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    if (formats.size < ZONES_KEPT_MAX) formats.set(timeZone, format)
  }
  return format
}
