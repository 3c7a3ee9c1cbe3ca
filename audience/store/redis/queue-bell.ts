import type { Clock } from '../../clock.ts'
import type { RedisClient } from './ioredis.ts'
import { eventKeys } from './layout.ts'
import { LIMITS } from './limits.ts'

/**
 * Waits for events behind those that were read, in a blocking read over a connection of its own, and rings once some came, but lets
 * LIMITS.queueRestMs pass between two rings: what comes meanwhile is taken together, which is cheaper than one by one.
 */
export class QueueBell {
  readonly #client: RedisClient
  readonly #clock: Clock
  readonly #ring: () => void
  /** Id of the last event that was read. */
  #after = '0-0'
  /** When Redis was asked last, or let be (`clock.elapsed()`). */
  #aliveMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(client: RedisClient, { clock, ring }: { clock: Clock; ring: () => void }) {
    this.#client = client
    this.#clock = clock
    this.#ring = ring
    void this.#wait()
  }

  /** It rings of those behind this one. */
  readUpTo(id: string): void {
    this.#after = id
  }

  /** Whether it would ring of an event. */
  get isAlive(): boolean {
    return !this.#isClosed && this.#clock.elapsed() - this.#aliveMs <= LIMITS.bellSilenceMs
  }

  close(): void {
    this.#isClosed = true
    this.#client.disconnect()
  }

  async #wait(): Promise<void> {
    while (!this.#isClosed) {
      const isNews = await this.#isNewsBehind(this.#after)
      if (this.#isClosed) return
      if (isNews === undefined) this.#aliveMs = Number.NEGATIVE_INFINITY
      if (isNews === true) this.#ring()
      if (isNews !== false) await passed(LIMITS.queueRestMs)
    }
  }

  /** False where nothing came for a while; undefined where the connection is gone. */
  #isNewsBehind(id: string): Promise<boolean | undefined> {
    this.#aliveMs = this.#clock.elapsed()
    return this.#client
      .xread('COUNT', 1, 'BLOCK', LIMITS.bellWaitMs, 'STREAMS', eventKeys.queue, id)
      .then(
        (reply) => reply !== null,
        () => undefined,
      )
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
