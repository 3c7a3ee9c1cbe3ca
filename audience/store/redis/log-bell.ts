import type { Clock } from '../../clock.ts'
import type { LogCursor } from '../store.ts'
import type { RedisClient } from './ioredis.ts'
import { catalogKeys, logs } from './layout.ts'
import { LIMITS } from './limits.ts'
import type { LogEntry, LogPoint } from './log-cursor.ts'

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

/** What is new in some streams, as Redis answers it. */
export type News = [stream: Buffer, entries: LogEntry[]][]

/** What came behind a place. */
export interface Heard {
  news: News
  /** Entries of each stream at most. */
  countMax: number
  /** When it was asked for (`clock.elapsed()`). */
  askedMs: number
}

/**
 * Waits where the change logs end, and at the version of the catalog, in a blocking read over a connection of its own: while that
 * waits, nothing came, and whoever reads up to there need not ask. Once something came it rings, with what it heard, and
 * waits again where that was read, but lets LIMITS.bellRestMs pass between two rings: what comes meanwhile comes together.
 */
export class LogBell {
  readonly #client: RedisClient
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()
  #end: LogEnd | undefined
  #version: number | undefined
  #waits: Wait | undefined
  #heard: (Heard & { cursor: LogCursor }) | undefined
  #isWaiting = false

  constructor(client: RedisClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Calls `ring` whenever something came behind the place it waits at. Returns what ends that. */
  onRing(ring: () => void): () => void {
    this.#listeners.add(ring)
    return () => void this.#listeners.delete(ring)
  }

  /** While it rings, whoever stands where it waited. */
  heard(cursor: LogCursor): Heard | undefined {
    return this.#heard?.cursor === cursor ? this.#heard : undefined
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
      const end: LogEnd = this.#end
      const { cursor, points, askedMs } = end
      const version = this.#version
      const sinceMs = this.#clock.elapsed()
      const waits = { cursor, version, sinceMs, provenMs: Math.max(askedMs, answeredMs) }
      this.#waits = waits
      const news = await this.#newsBehind(points, version)
      if (this.#waits === waits) this.#waits = undefined
      if (news === undefined) break
      answeredMs = sinceMs
      if (news.length === 0) continue
      this.#ring({ cursor, news, countMax: LIMITS.bellCount, askedMs: sinceMs })
      // Nobody read on from here: whoever reads next says where to wait.
      if (this.#end === end) break
      await passed(LIMITS.bellRestMs)
    }
    this.#isWaiting = false
  }

  #ring(heard: Heard & { cursor: LogCursor }): void {
    this.#heard = heard
    for (const ring of this.#listeners) ring()
    this.#heard = undefined
  }

  /** None where nothing came for a while; undefined where the connection is gone. */
  #newsBehind(points: readonly LogPoint[], version: number | undefined): Promise<News | undefined> {
    const keys = [...logs, catalogKeys.log]
    const ids = [...points.map(({ id }) => id), version === undefined ? '$' : `${version}-0`]
    const { bellCount, bellWaitMs } = LIMITS
    return this.#client
      .xreadBuffer('COUNT', bellCount, 'BLOCK', bellWaitMs, 'STREAMS', ...keys, ...ids)
      .then(
        (reply) => (reply ?? []) as News,
        () => undefined,
      )
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
