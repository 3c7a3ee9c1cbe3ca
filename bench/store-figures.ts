import { atMost, type Figure } from './figures.ts'
import { cannon } from './load.ts'
import { startOurs } from './ours.ts'
import { startRedis } from './redis.ts'
import { measureRedisBytes } from './redis-bytes.ts'
import { makePeople, makeWorkload } from './workload.ts'

const RATE = 1_000
const SECONDS = 5

/** What a near-cache miss costs where the store is a Redis on the same machine, and what a person takes there. */
export async function storeFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  200 k people in Redis')
  const bytes = await measureRedisBytes()
  say('  misses served from Redis')
  return [
    atMost('profile in Redis, 30 segments', 120, bytes, ' B'),
    atMost('near-cache miss served from Redis, p99 added', 2, await missAddedMs(), ' ms'),
  ]
}

/** p99 of requests that all name people never asked for before, less that of people asked for over and over. */
async function missAddedMs(): Promise<number> {
  const redis = await startRedis()
  if (!redis) return Number.NaN
  const ours = await startOurs('redis', `redis://127.0.0.1:${redis.port}/0`)
  try {
    const count = RATE * SECONDS * 20
    const cold = makeWorkload(count, 300)
    await ours.importPeople(makePeople(count, 300))
    const misses = cold.requests.filter((_, i) => i % 20 === 0)
    const hits = cold.requests.filter((_, i) => i % 20 !== 0).slice(0, misses.length)
    const load = { seconds: SECONDS, connections: 16, rate: RATE }
    await cannon(ours, hits, load)
    const warm = await cannon(ours, hits, load)
    const missed = await cannon(ours, misses, load)
    return missed.p99Ms - warm.p99Ms
  } finally {
    await ours.stop()
    await redis.stop()
  }
}
