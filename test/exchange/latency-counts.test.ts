import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../audience/store/limits.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import {
  bucketOf,
  LatencyCounts,
  readLatencies,
  upperMsOf,
} from '../../exchange/kpis/latency-counts.ts'
import { ProcessedEvents } from '../../exchange/kpis/processed-events.ts'
import { SourceCounts } from '../../exchange/quality/source-counts.ts'
import { BidLatencies } from '../../gateway/metrics/bid-latencies.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'

const period = { from: '2026-11-01', to: '2026-11-30' }

/** What was taken, as a store gives it back. */
function talliesOf(fields: readonly { field: string; count: number }[]): TallyStore {
  const rows = fields.map(({ field, count }) => ({
    day: '2026-11-26',
    field,
    value: BigInt(count),
  }))
  return {
    async *read(_from: string, _to: string, isWanted: (field: string) => boolean) {
      yield* [...rows, { day: '2026-11-26', field: 'rate|v|1|0|0', value: 9n }].filter((row) =>
        isWanted(row.field),
      )
    },
  } as unknown as TallyStore
}

test('quantiles lie within a fifth above those of the sorted list', () => {
  const some = fc.array(fc.double({ min: 0.1, max: 5_000_000, noNaN: true }), { minLength: 1 })
  return fc.assert(
    fc.asyncProperty(some, async (durations) => {
      const counts = new LatencyCounts()
      for (const ms of durations) counts.add('enrich', ms)
      const { latencies } = await readLatencies(talliesOf(counts.takeFields()), period)
      const told = latencies.find(({ kpi }) => kpi === 'enrich')!
      const sorted = [...durations].sort((a, b) => a - b)
      expect(told.count).toBe(durations.length)
      for (const [q, ms] of [
        [0.5, told.p50Ms],
        [0.95, told.p95Ms],
        [0.99, told.p99Ms],
      ] as const) {
        const exact = sorted[Math.ceil(q * sorted.length) - 1]!
        expect(ms).toBeGreaterThanOrEqual(exact - 0.001)
        expect(ms).toBeLessThanOrEqual(exact * 2 ** 0.25 + 0.001)
      }
    }),
  )
})

test('what never happened has no quantile, and odd clocks fall into the first and last bucket', async () => {
  const { latencies, cache } = await readLatencies(talliesOf([]), period)
  expect(latencies.map(({ count, p99Ms }) => [count, p99Ms])).toEqual([
    [0, null],
    [0, null],
  ])
  expect(cache).toEqual({ hits: 0, looks: 0, stale: 0 })
  expect([bucketOf(-5), bucketOf(0), bucketOf(Number.NaN)]).toEqual([0, 0, 0])
  expect(upperMsOf(bucketOf(1e12))).toBeGreaterThan(86_400_000)
})

test('so many names of counters stand in a store as there are buckets, and each is short enough', () => {
  const counts = new LatencyCounts()
  for (let ms = 0.01; ms < 1e15; ms *= 1.01) counts.add('event_to_segment', ms)
  const fields = counts.takeFields()
  expect(fields.length).toBeLessThan(130)
  for (const { field } of fields) expect(field.length).toBeLessThan(LIMITS.tallyFieldBytesMax)
  expect(counts.takeFields()).toEqual([])
})

test('the bid path’s own counts are told as they grow, once', async () => {
  const metrics = new Metrics()
  const audience = { hits: 10, negatives: 5, misses: 5, stale: 1 }
  const bids = new BidLatencies(metrics, { counts: () => audience } as never)
  const seconds = metrics.histogram('passerelle_bid_seconds')
  for (const ms of [0.3, 0.3, 40]) seconds.record(ms)
  const first = await readLatencies(talliesOf(bids.takeFields()), period)
  expect(first.latencies[1]).toMatchObject({ kpi: 'enrich', count: 3 })
  expect(first.cache).toEqual({ hits: 15, looks: 20, stale: 1 })
  audience.misses += 2
  seconds.record(0.3)
  const then = await readLatencies(talliesOf(bids.takeFields()), period)
  expect(then.latencies[1]).toMatchObject({ count: 1 })
  expect(then.cache).toEqual({ hits: 0, looks: 2, stale: 0 })
  expect(bids.takeFields()).toEqual([])
})

test('an event is timed from when it came, not from when it happened', async () => {
  const counts = new LatencyCounts()
  const told = new ProcessedEvents(new SourceCounts(), counts)
  const event = {
    source: 's',
    owner: 1,
    messageId: 'm',
    about: { namespace: 1, value: 'v' },
    traits: [],
  }
  told.processed(
    [
      { ...event, atMs: 1_000 },
      { ...event, atMs: 1_000, receivedMs: 99_000 },
    ],
    99_100,
  )
  const { latencies } = await readLatencies(talliesOf(counts.takeFields()), period)
  const { p50Ms, p99Ms, count } = latencies[0]!
  expect(count).toBe(2)
  expect(p50Ms).toBeLessThan(130)
  expect(p99Ms).toBeGreaterThan(98_000)
})
