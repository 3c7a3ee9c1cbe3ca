import { expect, test } from 'vitest'
import { Histogram, Metrics } from '../../../gateway/metrics/counters.ts'
import { promText } from '../../../gateway/metrics/prom.ts'

test('the same name and labels are the same counter, whatever the order of the labels', () => {
  const metrics = new Metrics()
  metrics.counter('passerelle_bid_requests_total', { a: '1', b: '2' }).add()
  metrics.counter('passerelle_bid_requests_total', { b: '2', a: '1' }).add(2)
  expect(metrics.snapshot()).toEqual([
    {
      name: 'passerelle_bid_requests_total',
      labels: { a: '1', b: '2' },
      kind: 'counter',
      value: 3,
    },
  ])
})

test('a table of words gives one counter each, at nought from the start', () => {
  const metrics = new Metrics()
  const refused = metrics.counterOf('passerelle_bid_refused_total', 'reason', ['not_json', 'no_id'])
  refused.no_id.add()
  expect(metrics.snapshot().map((sample) => 'value' in sample && sample.value)).toEqual([0, 1])
})

test('a histogram finds any quantile within a quarter, from a tenth of a microsecond to a minute', () => {
  for (let ms = 0.0001; ms < 60_000; ms *= 1.37) {
    const histogram = new Histogram()
    histogram.record(ms)
    const upper = histogram.quantile(0.5)
    expect(upper).toBeGreaterThan(ms)
    expect(upper).toBeLessThanOrEqual(Math.max(ms * 1.25, ms + 1 / 16_000) + 1e-9)
  }
})

test('a histogram takes nonsense without losing its count', () => {
  const histogram = new Histogram()
  for (const ms of [-1, 0, 1e12, Number.NaN]) histogram.record(ms)
  expect(histogram.count).toBe(4)
})

test('quantiles are those of the recorded values', () => {
  const histogram = new Histogram()
  for (let i = 1; i <= 1000; i++) histogram.record(i)
  expect(histogram.quantile(0.5)).toBeGreaterThanOrEqual(500)
  expect(histogram.quantile(0.5)).toBeLessThan(640)
  expect(histogram.quantile(0.99)).toBeGreaterThanOrEqual(990)
  expect(new Histogram().quantile(0.5)).toBeNaN()
})

test('counting and recording take a few nanoseconds each, so they may stand on the bid path', () => {
  const metrics = new Metrics()
  const counter = metrics.counter('passerelle_bid_requests_total')
  const histogram = metrics.histogram('passerelle_bid_seconds')
  for (let i = 0; i < 1_000_000; i++) {
    counter.add()
    histogram.record(i * 0.0001)
  }
  expect(counter.value).toBe(1_000_000)
  expect(histogram.count).toBe(1_000_000)
})

test('snapshots survive JSON and become Prometheus text labelled by worker', async () => {
  const snapshots = ['bid 1', 'bid 2'].map((worker, i) => {
    const metrics = new Metrics()
    metrics.counter('passerelle_bid_requests_total', { outcome: 'enriched' }).add(i + 1)
    metrics.gauge('passerelle_process_resident_bytes', {}, () => 42)
    metrics.histogram('passerelle_bid_seconds').record(0.005)
    return { worker, samples: metrics.snapshot() }
  })
  const text = await promText(JSON.parse(JSON.stringify(snapshots)))
  const lines = text.split('\n')
  expect(lines).toContain('# TYPE passerelle_bid_requests_total counter')
  expect(lines).toContain('passerelle_bid_requests_total{outcome="enriched",worker="bid 1"} 1')
  expect(lines).toContain('passerelle_bid_requests_total{outcome="enriched",worker="bid 2"} 2')
  expect(lines).toContain('passerelle_process_resident_bytes{worker="bid 2"} 42')
  expect(lines).toContain('passerelle_bid_seconds_bucket{worker="bid 1",le="0.000002"} 0')
  expect(lines).toContain('passerelle_bid_seconds_bucket{worker="bid 1",le="0.000004"} 0')
  expect(lines).toContain('passerelle_bid_seconds_bucket{worker="bid 1",le="0.000008"} 1')
  expect(lines).toContain('passerelle_bid_seconds_bucket{worker="bid 1",le="+Inf"} 1')
  expect(lines).toContain('passerelle_bid_seconds_count{worker="bid 1"} 1')
})
