import { randomBytes } from 'node:crypto'
import type { Clock } from '../../audience/clock.ts'
import { Rounds } from '../../audience/rounds.ts'
import { type TallyAdd, TallyGap, type TallyStore } from '../../audience/store/store.ts'
import { dayIn } from '../moment.ts'
import { COUNT_LIMITS } from './limits.ts'

/** Something that counts in memory. */
export interface Counting {
  /** Everything counted since the last time, by the names of its counters; from now on it counts from 0. */
  takeFields(): readonly { field: string; count: number }[]
}

export interface WriteCountsOptions {
  counts: readonly Counting[]
  tallies: TallyStore
  /** Tells this writer from all others on the store, in all its lives, e.g. machine, directory and process. */
  name: string
  clock: Clock
  log: { warn(details: object, message: string): void }
}

/** Brings what a process counts to the store. */
export interface CountsWriter {
  /** Writes now. Never rejects: what could not be written is tried again. */
  poke(): Promise<void>
  /** Writes the last counts. */
  close(): Promise<void>
}

/**
 * Adds counts to the tallies of the day, once a second and each once: what could not be written is given again
 * as it was, and its number tells the store whether it has it. Counts of a day's last second may fall to the next.
 */
export function writeCounts(options: WriteCountsOptions): CountsWriter {
  return new Writer(options)
}

/** Begins the names of these streams, which began with match rates: usage has no such. */
const STREAM_PREFIX = 'rate|'

class Writer implements CountsWriter {
  readonly #options: WriteCountsOptions
  /** Another life of the same writer has other digests. */
  readonly #life = randomBytes(6).toString('hex')
  readonly #rounds: Rounds
  #seq = 0
  /** Taken, and not known to be written. */
  #waiting: TallyAdd[] = []
  #isFailing = false

  constructor(options: WriteCountsOptions) {
    this.#options = options
    this.#rounds = new Rounds(COUNT_LIMITS.writeMs, () => this.#write())
  }

  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  async close(): Promise<void> {
    await this.#rounds.stop()
    await this.#write()
  }

  async #write(): Promise<void> {
    const isLate = this.#waiting.length > 0
    if (!isLate) this.#waiting = this.#take()
    if (this.#waiting.length === 0) return
    try {
      await this.#apply()
      this.#waiting = []
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing)
        this.#options.log.warn({ error: String(error) }, 'what was counted waits for the store')
      this.#isFailing = true
      return
    }
    // What was counted since then comes behind.
    if (isLate) await this.#write()
  }

  #take(): TallyAdd[] {
    const day = dayIn(this.#options.clock.now())
    return this.#options.counts
      .flatMap((one) => one.takeFields())
      .map(({ field, count }) => ({ day, field, by: BigInt(count) }))
  }

  /** The store is where an earlier life, or a lost answer, has left it: once told where, it goes on from there. */
  async #apply(): Promise<void> {
    try {
      await this.#applyAfter(this.#seq)
    } catch (error) {
      if (!(error instanceof TallyGap)) throw error
      await this.#applyAfter(error.applied.seq)
    }
  }

  async #applyAfter(after: number): Promise<void> {
    const { tallies, name } = this.#options
    const upTo = { seq: after + 1, digest: this.#life }
    this.#seq = after
    const entries = [{ adds: this.#waiting }]
    await tallies.apply({ stream: STREAM_PREFIX + name, after, upTo, entries })
    this.#seq = upTo.seq
  }
}
