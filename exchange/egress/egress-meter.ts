import { everyBeat } from '../../audience/beat.ts'
import { type Clock, dayOf } from '../../audience/clock.ts'
import { KEY_WORDS } from '../../audience/people/user-key.ts'
import { EGRESS_LIMITS } from './limits.ts'

/** What was given away since the last batch, each once. */
export interface EgressBatch {
  /** UTC day. */
  day: number
  /** Sets of segment numbers, each ascending; a row names one by its place. */
  sets: readonly (readonly number[])[]
  /** ROW_WORDS numbers a row: the person's key, the recipient, the set. */
  rows: Uint32Array
}

export const ROW_WORDS = KEY_WORDS + 2

/** Where batches are kept. Resolves once one is durable. */
export interface EgressSink {
  append(batch: EgressBatch): Promise<void>
}

/** The place of one set of segments, as long as the meter's epoch lasts. Made with what it marks; the meter's to fill. */
export interface EgressMark {
  readonly segments: readonly number[]
  epoch: number
  set: number
  /** Another set that this was found to hold all of. */
  covered: EgressMark | undefined
}

export function egressMark(segments: Iterable<number>): EgressMark {
  const ascending = [...new Set(segments)].sort((a, b) => a - b)
  return { segments: ascending, epoch: -1, set: 0, covered: undefined }
}

/** Whether a set holds all of another: who was given the first was told the second. */
export function covers(mark: EgressMark, other: EgressMark): boolean {
  return mark.covered === other || findCovered(mark, other)
}

/** By itself: its closure would cost each question a context. */
function findCovered(mark: EgressMark, other: EgressMark): boolean {
  const isCovered = other.segments.every((segment) => mark.segments.includes(segment))
  if (isCovered) mark.covered = other
  return isCovered
}

/**
 * Notes who was given what about whom: once a day for each person, recipient and set of segments. What was
 * noted today already costs a look at one row of a table. The table forgets only that something was
 * noted: then it is noted, and written, once more.
 */
export class EgressMeter {
  readonly #sink: EgressSink
  readonly #clock: Clock
  readonly #endTimer: () => void
  readonly #seen = new Uint32Array(EGRESS_LIMITS.seenPlaces * SEEN_WORDS)
  #rows = new Uint32Array(EGRESS_LIMITS.batchRowsMax * ROW_WORDS)
  #count = 0
  #sets: (readonly number[])[] = []
  #byName = new Map<string, number>()
  #epoch = 0
  #day: number
  /** Taken, and not durable yet, oldest first. */
  readonly #waiting: EgressBatch[] = []
  #writing: Promise<void> | undefined

  constructor(sink: EgressSink, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
    this.#day = dayOf(clock.now())
    this.#endTimer = everyBeat(EGRESS_LIMITS.flushMs, () => void this.flush())
  }

  /** False where no more can be noted: then nothing about a person may be given. */
  isOpen(): boolean {
    return this.#waiting.length < EGRESS_LIMITS.batchesMax
  }

  /** The recipient was given these segments of the person whose key is `keys[at … at+3]`. */
  note(keys: Uint32Array, at: number, recipient: number, mark: EgressMark): void {
    // A set is numbered from 1: a row of zeros is nobody's.
    const set = mark.epoch === this.#epoch ? mark.set : this.#number(mark)
    const seen = this.#seen
    const place = ((keys[at]! ^ Math.imul(recipient, MIX) ^ Math.imul(set, MORE)) >>> 0) & PLACES
    const row = place * SEEN_WORDS
    if (this.#isSeen(row, keys, at, recipient, set)) return
    const beside = row ^ SEEN_WORDS
    if (this.#isSeen(beside, keys, at, recipient, set)) return
    const to = seen[row + 3] !== 0 && seen[beside + 3] === 0 ? beside : row
    if (seen[to + 3] !== 0) seen.copyWithin(beside, row, row + SEEN_WORDS)
    seen[to] = keys[at + 1]!
    seen[to + 1] = keys[at + 2]!
    seen[to + 2] = recipient
    seen[to + 3] = set
    const next = this.#count * ROW_WORDS
    for (let i = 0; i < KEY_WORDS; i++) this.#rows[next + i] = keys[at + i]!
    this.#rows[next + KEY_WORDS] = recipient
    this.#rows[next + KEY_WORDS + 1] = set
    if (++this.#count === EGRESS_LIMITS.batchRowsMax) void this.flush()
  }

  #isSeen(row: number, keys: Uint32Array, at: number, recipient: number, set: number): boolean {
    const seen = this.#seen
    return (
      seen[row] === keys[at + 1] &&
      seen[row + 1] === keys[at + 2] &&
      seen[row + 2] === recipient &&
      seen[row + 3] === set
    )
  }

  /** Writes what was noted; resolves when that is durable, or could not be done: the next flush tries again. */
  flush(): Promise<void> {
    this.#take()
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  /** Writes the last rows. */
  async close(): Promise<void> {
    this.#endTimer()
    await this.#writing
    await this.flush()
  }

  #take(): void {
    if (this.#count > 0) {
      const rows = this.#rows.slice(0, this.#count * ROW_WORDS)
      this.#waiting.push({ day: this.#day, sets: this.#ownSets(rows), rows })
      this.#count = 0
    }
    const today = dayOf(this.#clock.now())
    if (today !== this.#day || this.#sets.length > EGRESS_LIMITS.batchRowsMax) this.#begin(today)
  }

  /** The sets that rows name, by which they are renumbered: a batch says all of itself. */
  #ownSets(rows: Uint32Array): (readonly number[])[] {
    const places = new Map<number, number>()
    const sets: (readonly number[])[] = []
    for (let at = KEY_WORDS + 1; at < rows.length; at += ROW_WORDS) {
      const set = rows[at]!
      let place = places.get(set)
      if (place === undefined) {
        place = sets.push(this.#sets[set - 1]!) - 1
        places.set(set, place)
      }
      rows[at] = place
    }
    return sets
  }

  /** A new day, or too many sets: what was seen counts no longer. */
  #begin(day: number): void {
    this.#day = day
    this.#epoch++
    this.#seen.fill(0)
    this.#sets = []
    this.#byName = new Map()
  }

  async #write(): Promise<void> {
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      try {
        await this.#sink.append(batch)
      } catch {
        return
      }
      this.#waiting.shift()
    }
  }

  #number(mark: EgressMark): number {
    const name = mark.segments.join()
    let set = this.#byName.get(name)
    if (set === undefined) {
      set = this.#sets.push(mark.segments)
      this.#byName.set(name, set)
    }
    mark.epoch = this.#epoch
    mark.set = set
    return set
  }
}

/**
 * A place of the table: two words of the key, which with the place itself tell people apart, recipient and set.
 * Two neighbours lie in one line of the processor's cache.
 */
const SEEN_WORDS = 4
const PLACES = EGRESS_LIMITS.seenPlaces - 1
const MIX = 0x9e3779b1
const MORE = 0x85ebca6b
