import { atMost, type Figure, told } from './figures.ts'
import { cannon } from './load.ts'
import { startOurs } from './ours.ts'
import { type Paced, pacedLoad, percentile } from './paced-load.ts'
import { startRedis } from './redis.ts'
import { measureRedis } from './redis-bytes.ts'
import { makeWorkload } from './workload.ts'

const RATE = 1_000
const SECONDS = 12
/** Requests of one window. */
const WINDOW = 1_000
/** Requests of even numbers name somebody new. */
const MISS = 0

/** What a near-cache miss costs where the store is a Redis on the same machine, and what a person takes there. */
export async function storeFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  200 k people in Redis')
  const { perPerson, perPersonWithFreshLog } = await measureRedis()
  say('  misses served from Redis')
  return [
    atMost('profile in Redis, 30 segments', 120, perPerson, ' B'),
    told(
      'the same while the change log tells of the import (10 min, 262,144 changes at most)',
      perPersonWithFreshLog,
      ' B',
    ),
    atMost('near-cache miss served from Redis, p99 added', 2, await missAddedMs(), ' ms'),
  ]
}

/**
 * p99 of requests that name people never asked for before, less that of people asked for over and over:
 * by turns in one run, so that whatever else happens on the machine happens to both.
 */
async function missAddedMs(): Promise<number> {
  const redis = await startRedis()
  if (!redis) return Number.NaN
  const store = `redis://127.0.0.1:${redis.port}/0`
  const { people, requests } = makeWorkload(RATE * (SECONDS + 2), 2)
  const ours = await startOurs('redis', { store, cachedPeople: people.length })
  try {
    await ours.importPeople(people)
    const hits = requests.filter((_, i) => i % 2 !== MISS)
    await cannon(ours, hits, { seconds: 2, connections: 16 })
    const load = { rate: RATE, seconds: SECONDS, connections: 64 }
    return medianAdded(await pacedLoad(ours, requests, load))
  } finally {
    await ours.stop()
    await redis.stop()
  }
}

/** The difference is taken within windows, of which the median counts. */
function medianAdded({ ms, first }: Paced): number {
  const added: number[] = []
  for (let from = 0; from + WINDOW <= ms.length; from += WINDOW) {
    const window = ms.subarray(from, from + WINDOW)
    const isMiss = (i: number) => (first + from + i) % 2 === MISS
    const missMs = window.filter((_, i) => isMiss(i))
    const hitMs = window.filter((_, i) => !isMiss(i))
    added.push(percentile(missMs, 0.99) - percentile(hitMs, 0.99))
  }
  return added.sort((a, b) => a - b)[added.length >> 1] ?? Number.NaN
}
