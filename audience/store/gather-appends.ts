import { QueueFull } from './event-stores.ts'
import { LIMITS } from './limits.ts'
import { StoreFailed } from './store-failed.ts'

/** Events of one append. */
export type Append = readonly Uint8Array[]

interface Waiting {
  events: Append
  resolve: () => void
  reject: (error: unknown) => void
}

/**
 * Group commit: what is appended while a write is under way is written together with the next one, so that a
 * sync to disk, or a round trip, is shared by all who wait for it. Each append is taken or refused for itself.
 */
export class GatherAppends {
  readonly #write: (appends: readonly Append[]) => Promise<readonly boolean[]>
  readonly #max: number
  #waiting: Waiting[] = []
  /** Events that wait or are being written. */
  #held = 0
  #isWriting = false

  /**
   * `write`: whether each was taken, in the order given; what it rejects with, all of them do. `max`: how many events may
   * wait to be processed, as those are told whose events were not taken.
   */
  constructor(max: number, write: (appends: readonly Append[]) => Promise<readonly boolean[]>) {
    this.#max = max
    this.#write = write
  }

  /** Rejects with QueueFull where the events were not taken, with StoreFailed where as many wait to be written as may. */
  add(events: Append): Promise<void> {
    if (this.#held > 0 && this.#held + events.length > LIMITS.appendsHeldMax)
      return Promise.reject(new StoreFailed('as many events wait to be written as may'))
    this.#held += events.length
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject })
      if (!this.#isWriting) void this.#writeAll()
    })
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const some = this.#next()
      try {
        this.#tell(some, await this.#write(some.map(({ events }) => events)))
      } catch (error) {
        for (const { reject } of some) reject(error)
      }
      for (const { events } of some) this.#held -= events.length
    }
    this.#isWriting = false
  }

  #tell(some: readonly Waiting[], taken: readonly boolean[]): void {
    for (const [i, { resolve, reject }] of some.entries())
      if (taken[i]) resolve()
      else reject(new QueueFull(this.#max))
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
