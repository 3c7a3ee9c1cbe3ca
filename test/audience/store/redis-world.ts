import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, vi } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { connectRedis, type RedisClient } from '../../../audience/store/redis/ioredis.ts'
import {
  openRedisStore,
  type RedisStore,
  type RedisStoreOptions,
} from '../../../audience/store/redis/open-redis-store.ts'
import {
  type RedisServer,
  type RedisServerOptions,
  startRedisServer,
} from '../../support/redis-server.ts'

/** So that no recall is late because this machine is busy; tests of lateness say their own. */
export const patientMs = 20_000

/** What one test started; all of it is ended behind the test, the last first. */
export interface RedisWorld {
  server(options?: RedisServerOptions): Promise<RedisServer>
  store(url: string, options?: Partial<RedisStoreOptions>): Promise<RedisStore>
  /** A plain client, ready, to look at what is there. */
  client(url: string): Promise<RedisClient>
  dataDir(): string
  behind(end: () => unknown): void
}

/** Makes the test's own world, and ends it after each test of the file. */
export function redisWorld(): RedisWorld {
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  const world: RedisWorld = {
    behind: (end) => void ends.push(end),
    dataDir: () => {
      const dir = mkdtempSync(join(tmpdir(), 'passerelle-redis-store-'))
      world.behind(() => rmSync(dir, { recursive: true, force: true }))
      return dir
    },
    server: async (options) => {
      const server = await startRedisServer(options)
      world.behind(() => server.stop())
      return server
    },
    store: async (url, options = {}) => {
      const dataDir = options.dataDir ?? world.dataDir()
      const store = await openRedisStore(url, {
        clock: systemClock,
        recallDeadlineMs: patientMs,
        ...options,
        dataDir,
      })
      world.behind(() => store.close())
      return store
    },
    client: async (url) => {
      const client = connectRedis(url, 'writer', [])
      world.behind(() => client.disconnect())
      await once(client, 'ready')
      return client
    },
  }
  return world
}

/** Resolves as soon as the store can be reached; by itself, nobody helps it. */
export async function reached(store: RedisStore): Promise<void> {
  await becomes(() => !words(store).includes('unreachable'))
}

/** Looks again and again until it is so; a test that waits in vain fails by its time limit. */
export async function becomes(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await isSo())) throw new Error('not so yet')
    },
    { timeout: 30_000, interval: 5 },
  )
}

/** The findings in one word each. */
export function words(store: RedisStore): string[] {
  return store.findings().map(({ finding }) => finding)
}

/** The reason why a promise was refused; `done` where it was not. */
export async function reasonOf(promise: unknown): Promise<string> {
  return Promise.resolve(promise).then(
    () => 'done',
    (error) => error.reason ?? String(error),
  )
}
