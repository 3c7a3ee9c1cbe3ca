import type { Clock } from '../../clock.ts'
import type { LogCursor } from '../store.ts'
import type { RedisClient } from './ioredis.ts'
import { catalogKeys, logs } from './layout.ts'
import { LIMITS } from './limits.ts'
import type { LogPoint } from './log-cursor.ts'

/** The end of the logs as somebody read it. */
interface LogEnd {
  cursor: LogCursor
  points: readonly LogPoint[]
  /** When that read was asked for (`clock.elapsed()`). */
  askedMs: number
}

interface Wait {
  cursor: LogCursor
  version: number | undefined
  sinceMs: number
  /** When the last question was asked that was answered: a wait that nobody heard of looks like any other. */
  provenMs: number
}

/**
 * Waits where the change logs end, and at the version of the catalog, in a blocking read over a connection of its own: while that
 * waits, nothing came, and whoever reads up to there need not ask. Once something came it lets go, and waits again where that was read.
 */
export class LogBell {
  readonly #client: RedisClient
  readonly #clock: Clock
  #end: LogEnd | undefined
  #version: number | undefined
  #waits: Wait | undefined
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

  /** The catalog is at this version. */
  tellVersion(version: number): void {
    this.#version = version
  }

  /** Where it waits there: when Redis said that nothing is behind this place. */
  quietSinceMs(cursor: LogCursor): number | undefined {
    return this.#waits?.cursor === cursor && this.#isAlive ? this.#waits.provenMs : undefined
  }

  /** Whether it waits for another version than this. */
  isQuietAt(version: number): boolean {
    return this.#waits?.version === version && this.#isAlive
  }

  /** Behind the next connection may stand another Redis: what is known of this one is worth nothing. */
  reset(): void {
    this.#end = this.#version = this.#waits = undefined
    if (this.#client.status === 'ready') this.#client.disconnect(true)
  }

  get #isAlive(): boolean {
    return this.#clock.elapsed() - this.#waits!.sinceMs <= LIMITS.bellSilenceMs
  }

  async #wait(): Promise<void> {
    this.#isWaiting = true
    let answeredMs = Number.NEGATIVE_INFINITY
    while (this.#end !== undefined && this.#client.status === 'ready') {
      const { cursor, points, askedMs } = this.#end
      const version = this.#version
      const sinceMs = this.#clock.elapsed()
      const waits = { cursor, version, sinceMs, provenMs: Math.max(askedMs, answeredMs) }
      this.#waits = waits
      const isQuiet = await this.#isQuiet(points, version)
      if (this.#waits === waits) this.#waits = undefined
      if (!isQuiet) break
      answeredMs = sinceMs
    }
    this.#isWaiting = false
  }

  /** False where something came, or the connection is gone: then whoever reads next says where to wait. */
  #isQuiet(points: readonly LogPoint[], version: number | undefined): Promise<boolean> {
    const keys = [...logs, catalogKeys.log]
    const ids = [...points.map(({ id }) => id), version === undefined ? '$' : `${version}-0`]
    return this.#client
      .xreadBuffer('COUNT', 1, 'BLOCK', LIMITS.bellWaitMs, 'STREAMS', ...keys, ...ids)
      .then(
        (reply) => reply === null,
        () => false,
      )
  }
}
