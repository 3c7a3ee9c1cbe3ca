import type { Clock } from '../../clock.ts'
import type { LogCursor } from '../store.ts'
import type { RedisClient } from './ioredis.ts'
import { logs } from './layout.ts'
import { LIMITS } from './limits.ts'
import type { LogPoint } from './log-cursor.ts'

/** The end of the logs as somebody read it. */
interface LogEnd {
  cursor: LogCursor
  points: readonly LogPoint[]
}

/**
 * Waits where the change logs end, in a blocking read over a connection of its own: while that waits, nothing came, and
 * whoever reads up to there need not ask. Once something came it lets go, and waits again where that was read.
 */
export class LogBell {
  readonly #client: RedisClient
  readonly #clock: Clock
  #end: LogEnd | undefined
  /** Where it waits, and since when (`clock.elapsed()`). */
  #waits: { cursor: LogCursor; sinceMs: number } | undefined
  #isWaiting = false

  constructor(client: RedisClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** The logs were read, and end here. */
  tell(end: LogEnd): void {
    this.#end = end
    if (!this.#isWaiting) void this.#wait()
  }

  /** When nothing was behind this place, where it waits there; no longer ago than `bellSilenceMs`. */
  quietSinceMs(cursor: LogCursor): number | undefined {
    const waits = this.#waits
    if (waits?.cursor !== cursor) return undefined
    return this.#clock.elapsed() - waits.sinceMs <= LIMITS.bellSilenceMs ? waits.sinceMs : undefined
  }

  /** Behind the next connection may stand another Redis: what is known of this one is worth nothing. */
  reset(): void {
    this.#end = this.#waits = undefined
    if (this.#client.status === 'ready') this.#client.disconnect(true)
  }

  async #wait(): Promise<void> {
    this.#isWaiting = true
    while (this.#end !== undefined && this.#client.status === 'ready') {
      const { cursor, points } = this.#end
      const waits = { cursor, sinceMs: this.#clock.elapsed() }
      this.#waits = waits
      const isQuiet = await this.#isQuiet(points)
      if (this.#waits === waits) this.#waits = undefined
      if (!isQuiet) break
    }
    this.#isWaiting = false
  }

  /** False where something came, or the connection is gone: then whoever reads next says where to wait. */
  #isQuiet(points: readonly LogPoint[]): Promise<boolean> {
    const ids = points.map(({ id }) => id)
    return this.#client
      .xreadBuffer('COUNT', 1, 'BLOCK', LIMITS.bellWaitMs, 'STREAMS', ...logs, ...ids)
      .then(
        (reply) => reply === null,
        () => false,
      )
  }
}
