import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../audience/clock.ts'
import { connectRedis, type RedisClient } from '../audience/store/redis/ioredis.ts'
import { LIMITS } from '../audience/store/redis/limits.ts'
import { openRedisStore } from '../audience/store/redis/open-redis-store.ts'
import type { Store } from '../audience/store/store.ts'
import { startRedisServer } from '../test/support/redis-server.ts'

/** A store over a redis-server of its own, which is asked what all of it takes. */
export class WeighedRedis {
  readonly store: Store
  readonly #client: RedisClient
  readonly #clock: WindableClock

  constructor(store: Store, client: RedisClient, clock: WindableClock) {
    this.store = store
    this.#client = client
    this.#clock = clock
  }

  static async with<T>(work: (redis: WeighedRedis) => Promise<T>): Promise<T> {
    const server = await startRedisServer()
    const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-bytes-'))
    const clock = windable()
    const store = await openRedisStore(server.url, { clock, dataDir })
    const client = connectRedis(server.url, 'writer', [])
    try {
      await once(client, 'ready')
      return await work(new WeighedRedis(store, client, clock))
    } finally {
      client.disconnect()
      await store.close()
      await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  }

  /** MEMORY USAGE of every key whose name has the text in it. */
  async bytesOf(part = ''): Promise<number> {
    let bytes = 0
    let cursor = '0'
    do {
      const [next, keys] = await this.#client.scanBuffer(cursor, 'COUNT', 1000)
      cursor = next.toString()
      const pipeline = this.#client.pipeline()
      for (const key of keys) if (key.includes(part)) pipeline.memory('USAGE', key, 'SAMPLES', 0)
      for (const [error, size] of (await pipeline.exec()) ?? []) {
        if (error) throw error
        bytes += size as number
      }
    } while (cursor !== '0')
    return bytes
  }

  /** Winds the clock past the log's age, and reads it: readers trim it as they go. */
  async ageLog(): Promise<void> {
    const { people } = this.store
    const cursor = await people.changesEnd()
    this.#clock.wind(LIMITS.logAgeMaxMs + LIMITS.logTrimEveryMs)
    await people.changesSince(cursor, 1)
    // The trimming went out before this read and over the same connection, so it is done by now.
    await people.changesEnd()
  }
}

interface WindableClock extends Clock {
  wind(ms: number): void
}

function windable(): WindableClock {
  let ahead = 0
  return {
    now: () => systemClock.now() + ahead,
    elapsed: () => systemClock.elapsed() + ahead,
    wind: (ms) => {
      ahead += ms
    },
  }
}
