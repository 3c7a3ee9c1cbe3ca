import { VarintReader, writeVarint } from '../../proto/varint.ts'
import { SYNC_LIMITS } from './limits.ts'

/** Hours since the epoch: the unit in which a cookie remembers. */
export type Hour = number

const HOUR_MS = 3_600_000
const BYTE_MAX = 255

export function hourOf(ms: number): Hour {
  return Math.floor(ms / HOUR_MS)
}

interface Asked {
  /** How often in a row without an answer. */
  times: number
  lastHour: Hour
}

/**
 * Which partners were asked and have not answered since, by partner number. It travels in the browser's
 * own cookie: nothing about a browser's silence has to be stored here.
 */
export class Asks {
  readonly #asked = new Map<number, Asked>()

  /** `number varint · times u8 · hours before `issuedHour` u8`, one after another. */
  static unpack(bytes: Uint8Array, issuedHour: Hour): Asks {
    const asks = new Asks()
    reader.begin(bytes, 0, bytes.length)
    while (reader.at < reader.end && asks.#asked.size < SYNC_LIMITS.asksMax) {
      const partner = reader.next()
      const at = reader.at
      reader.skip(2)
      if (reader.failed) break
      asks.#asked.set(partner, { times: bytes[at]!, lastHour: issuedHour - bytes[at + 1]! })
    }
    return asks
  }

  pack(issuedHour: Hour): number[] {
    const bytes: number[] = []
    for (const [partner, { times, lastHour }] of this.#asked) {
      writeVarint(bytes, partner)
      bytes.push(times, Math.min(Math.max(issuedHour - lastHour, 0), BYTE_MAX))
    }
    return bytes
  }

  get size(): number {
    return this.#asked.size
  }

  /** Whether a partner that let so many asks pass is to be left alone for now. */
  isPausing(partner: number, hour: Hour): boolean {
    const asked = this.#asked.get(partner)
    if (asked === undefined) return false
    const { asksFree, pauseHoursFirst, pauseHoursMax } = SYNC_LIMITS
    if (asked.times < asksFree) return false
    const pause = Math.min(pauseHoursFirst * 2 ** (asked.times - asksFree), pauseHoursMax)
    // More than that many turns of the hour: at least that many hours.
    return hour - asked.lastHour <= pause
  }

  note(partner: number, hour: Hour): void {
    const asked = this.#asked.get(partner)
    const times = asked === undefined ? 0 : asked.times
    // Last asked, last in the map: the first of a full one was asked longest ago.
    if (asked !== undefined) this.#asked.delete(partner)
    if (this.#asked.size >= SYNC_LIMITS.asksMax)
      for (const longestAgo of this.#asked.keys()) {
        this.#asked.delete(longestAgo)
        break
      }
    this.#asked.set(partner, { times: Math.min(times + 1, BYTE_MAX), lastHour: hour })
  }

  /** The partner answered on `day` (UTC) or later: what was asked by then counts no more. */
  answered(partner: number, day: number): void {
    const asked = this.#asked.get(partner)
    if (asked !== undefined && Math.floor(asked.lastHour / 24) <= day) this.#asked.delete(partner)
  }
}

const reader = new VarintReader()
