import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, dayOf, systemClock } from '../audience/clock.ts'
import { connectRedis, type RedisClient } from '../audience/store/redis/ioredis.ts'
import { LIMITS } from '../audience/store/redis/limits.ts'
import { openRedisStore } from '../audience/store/redis/open-redis-store.ts'
import type { Assignment, Store } from '../audience/store/store.ts'
import { seeded } from '../test/support/random.ts'
import { startRedisServer } from '../test/support/redis-server.ts'

const PEOPLE = 200_000
const SEGMENTS_EACH = 30
/** Segments are chosen among so many, and expire within so many days. */
const SEGMENTS = 10_000
const DAYS = 90
const BATCH = 5_000
const SEED = 20_260_101

export interface RedisBytes {
  /** MEMORY USAGE of every key there is, a person, once the change log has aged. */
  perPerson: number
  /** Of that, the packed profiles in their buckets. */
  profilesPerPerson: number
  /** The same right after the import, while the log still tells of it. */
  perPersonWithFreshLog: number
  /** People imported in a second, each 30 memberships. */
  importPerSecond: number
}

/**
 * Imports 200,000 people of 30 memberships, each with an expiry of its own, into a redis-server of its own
 * and asks it what they take: every key of the database counts.
 */
export async function measureRedis(): Promise<RedisBytes> {
  const server = await startRedisServer()
  const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-bytes-'))
  const clock = windable()
  const store = await openRedisStore(server.url, { clock, dataDir })
  const client = connectRedis(server.url, 'writer', [])
  try {
    await once(client, 'ready')
    const startedMs = systemClock.elapsed()
    await importPeople(store)
    const tookMs = systemClock.elapsed() - startedMs
    const fresh = await bytesByKind(client)
    await ageLog(store, clock)
    const aged = await bytesByKind(client)
    return {
      perPerson: aged.all / PEOPLE,
      profilesPerPerson: aged.profiles / PEOPLE,
      perPersonWithFreshLog: fresh.all / PEOPLE,
      importPerSecond: (PEOPLE / tookMs) * 1000,
    }
  } finally {
    client.disconnect()
    await store.close()
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function importPeople(store: Store): Promise<void> {
  const random = seeded(SEED)
  const today = dayOf(systemClock.now())
  for (let from = 0; from < PEOPLE; from += BATCH) {
    const batch: Assignment[] = Array.from({ length: BATCH }, (_, i) => ({
      key: createHash('sha256')
        .update(String(from + i))
        .digest()
        .subarray(0, 16),
      add: Array.from({ length: SEGMENTS_EACH }, () => ({
        segment: 1 + random.int(SEGMENTS),
        expiryDay: today + 1 + random.int(DAYS),
      })),
      remove: [],
    }))
    await store.people.assign(batch)
  }
}

/** Winds the clock past the log's age, and reads it: readers trim it as they go. */
async function ageLog(store: Store, clock: WindableClock): Promise<void> {
  const cursor = await store.people.changesEnd()
  clock.wind(LIMITS.logAgeMaxMs + LIMITS.logTrimEveryMs)
  await store.people.changesSince(cursor, 1)
  // The trimming went out before this read and over the same connection, so it is done by now.
  await store.people.changesEnd()
}

async function bytesByKind(client: RedisClient): Promise<{ all: number; profiles: number }> {
  let all = 0
  let profiles = 0
  let cursor = '0'
  do {
    const [next, keys] = await client.scanBuffer(cursor, 'COUNT', 1000)
    cursor = next.toString()
    const pipeline = client.pipeline()
    for (const key of keys) pipeline.memory('USAGE', key, 'SAMPLES', 0)
    const sizes = (await pipeline.exec()) ?? []
    for (const [i, [error, size]] of sizes.entries()) {
      if (error) throw error
      all += size as number
      if (keys[i]!.includes(':u:')) profiles += size as number
    }
  } while (cursor !== '0')
  return { all, profiles }
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
