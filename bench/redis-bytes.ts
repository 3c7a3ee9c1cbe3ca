import { createHash } from 'node:crypto'
import { dayOf, systemClock } from '../audience/clock.ts'
import type { Assignment, Store } from '../audience/store/store.ts'
import { seeded } from '../test/support/random.ts'
import { WeighedRedis } from './weighed-redis.ts'

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
export function measureRedis(): Promise<RedisBytes> {
  return WeighedRedis.with(async (redis) => {
    const startedMs = systemClock.elapsed()
    await importPeople(redis.store)
    const tookMs = systemClock.elapsed() - startedMs
    const fresh = await redis.bytesOf()
    await redis.ageLog()
    return {
      perPerson: (await redis.bytesOf()) / PEOPLE,
      profilesPerPerson: (await redis.bytesOf(':u:')) / PEOPLE,
      perPersonWithFreshLog: fresh / PEOPLE,
      importPerSecond: (PEOPLE / tookMs) * 1000,
    }
  })
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
