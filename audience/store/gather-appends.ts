import { LIMITS } from './limits.ts'
import { StoreFailed } from './store-failed.ts'

/** Events of one append. */
export type Append = readonly Uint8Array[]

interface Waiting {
  events: Append
  resolve: (isTaken: boolean) => void
  reject: (error: unknown) => void
}

/**
 * Group commit: what is appended while a write is under way is written together with the next one, so that a
 * sync to disk, or a round trip, is shared by all who wait for it. Each append is taken or refused for itself.
 */
export class GatherAppends {
  readonly #write: (appends: readonly Append[]) => Promise<readonly boolean[]>
  #waiting: Waiting[] = []
  /** Events that wait or are being written. */
  #held = 0
  #isWriting = false

  /** `write`: whether each was taken, in the order given; what it rejects with, all of them do. */
  constructor(write: (appends: readonly Append[]) => Promise<readonly boolean[]>) {
    this.#write = write
  }

  /** Whether the events were taken. Rejects with StoreFailed where as many wait as may. */
  add(events: Append): Promise<boolean> {
    if (this.#held > 0 && this.#held + events.length > LIMITS.appendsHeldMax)
      return Promise.reject(new StoreFailed('as many events wait to be written as may'))
    this.#held += events.length
    return new Promise<boolean>((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject })
      if (!this.#isWriting) void this.#writeAll()
    }).finally(() => {
      this.#held -= events.length
    })
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const some = this.#next()
      try {
        const taken = await this.#write(some.map(({ events }) => events))
        for (const [i, { resolve }] of some.entries()) resolve(taken[i]!)
      } catch (error) {
        for (const { reject } of some) reject(error)
      }
    }
    this.#isWriting = false
  }

  /** As many as one write should have, and one at least. */
  #next(): Waiting[] {
    let count = 0
    let events = 0
    for (const waiting of this.#waiting) {
      events += waiting.events.length
      if (count > 0 && events > LIMITS.appendedAtOnceMax) break
      count++
    }
    return this.#waiting.splice(0, count)
  }
}
