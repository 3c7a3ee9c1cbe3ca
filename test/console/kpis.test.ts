import { afterAll, beforeAll, expect, test } from 'vitest'
import { Collector } from '../../exchange/collect/collector.ts'
import { writeCounts } from '../../exchange/counts/write-counts.ts'
import { LatencyCounts } from '../../exchange/kpis/latency-counts.ts'
import { SourceCounts } from '../../exchange/quality/source-counts.ts'
import { BidLatencies } from '../../gateway/metrics/bid-latencies.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

// Six customers: c1 signed in on the pages, c2 in the app, c3 on both, c4 on the pages long ago, c5 and c6 nowhere.
// Eight visits, one of them a robot's; two of the pages' are of customers.

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  for (const [id, kind] of [
    ['shop', 'web'],
    ['phone', 'app'],
    ['till', 'pos'],
  ]) {
    const namespaces = { anonymousId: `${id}.anon`, userId: 'dmp.customer' }
    await world.must('PUT', `/api/sources/${id}`, {
      body: { name: id, kind, owner: 'dmp', namespaces },
    })
  }
  await world.segment('clients', 'dmp')
  const clients = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6']
  const line = (uid: string) => ({ source: 'dmp.customer', uid, add: ['clients'] })
  expect((await world.import('memberships', clients.map(line))).body.rejected).toBe(0)
  await collect('shop', [page('v4', 40 * DAY_MS, 'c4')])
  await collect('shop', [
    page('v1', 200 * MINUTE_MS),
    page('v1', 190 * MINUTE_MS),
    page('v1', 180 * MINUTE_MS, 'c1'),
    page('v1', 100 * MINUTE_MS),
    page('v2', 90 * MINUTE_MS),
    page('bot', 90 * MINUTE_MS, undefined, { userAgent: 'Googlebot/2.1' }),
    { ...page('v3', 80 * MINUTE_MS, 'c3'), type: 'track', event: 'Signed In' },
    page('late', 2 * DAY_MS),
  ])
  await collect('phone', [page('p2', 70 * MINUTE_MS, 'c2'), page('p3', 60 * MINUTE_MS, 'c3')])
  await collect('till', [page('t5', 50 * MINUTE_MS, 'c5')])
})
afterAll(() => world.close())

function page(anonymousId: string, agoMs: number, userId?: string, context: object = {}): Body {
  const timestamp = new Date(world.clock.now() - agoMs).toISOString()
  return { type: 'page', anonymousId, timestamp, context, ...(userId ? { userId } : {}) }
}

/** What a source's messages come to: at the edge door, at the desk, and in the counters. */
async function collect(source: string, messages: Body[]): Promise<void> {
  const { audience, clock, store } = world
  const counts = new SourceCounts()
  const collector = new Collector({ audience, clock, counts })
  await collector.catchUp()
  const given = { messages, type: undefined, sentAt: undefined, bytes: 0, permits: () => true }
  const { faults } = await collector.collect(collector.sourceNamed(source)!, given)
  expect(faults).toEqual([])
  const name = `test ${source} ${messages.length}`
  const log = { warn: () => {} }
  await writeCounts({ counts: [counts], tallies: store.tallies, name, clock, log }).close()
  await world.events.poke()
}

const kpis = async (query: string, token?: string) =>
  (await world.must('GET', `/api/kpis?${query}`, token ? { token } : {})).items as Body[]
const of = (items: Body[], kpi: string) => items.filter((one) => one.kpi === kpi)
const share = ({ count, of: all }: Body) => [count, all]

test('visits of known customers are told of all visits, by visits and by views', async () => {
  const items = await kpis('days=30')
  expect(of(items, 'connected_navigation_rate')).toMatchObject([
    { segment: null, count: 4, of: 6, rate: 0.6667 },
  ])
  expect(share(of(items, 'connected_view_rate')[0]!)).toEqual([5, 7])
  const shop = await kpis('source=shop')
  expect(share(of(shop, 'connected_navigation_rate')[0]!)).toEqual([2, 4])
  expect(share(of(shop, 'connected_view_rate')[0]!)).toEqual([3, 5])
  expect(of(await kpis('source=phone'), 'connected_navigation_rate')).toMatchObject([
    { source: 'phone', count: 2, of: 2 },
  ])
})

test('a source that nobody visits has no visits, and nothing to divide by is no rate', async () => {
  const [rate] = of(await kpis('source=till'), 'connected_navigation_rate')
  expect(rate).toMatchObject({ count: 0, of: 0, rate: null, low: null, high: null })
})

test('customers are told by where they signed in, within the period', async () => {
  const rates = async (query: string) =>
    of(await kpis(query), 'account_rate').map(({ on, count, of: all }) => [on, count, all])
  expect(await rates('clients=clients')).toEqual([
    ['any', 3, 6],
    ['web', 1, 6],
    ['app', 1, 6],
    ['both', 1, 6],
  ])
  expect(await rates('clients=clients&days=60')).toEqual([
    ['any', 4, 6],
    ['web', 2, 6],
    ['app', 1, 6],
    ['both', 1, 6],
  ])
  expect(await rates('days=60')).toEqual([])
})

test('a partner is told of its own visits, and of no others’', async () => {
  const own = await kpis('segment=cars', await world.key('dmp'))
  expect(share(of(own, 'connected_navigation_rate')[0]!)).toEqual([4, 6])
  const token = await world.key('ssp')
  const refused = await world.ask('GET', '/api/kpis?segment=cars&source=shop', { token })
  expect(refused.status).toBe(422)
  const unknown = await world.ask('GET', '/api/kpis?source=gone', {})
  expect(unknown.body.errors[0]).toMatchObject({ field: 'source' })
})

test('latencies of the whole installation are told to its operators alone', async () => {
  const { audience, clock, store } = world
  const latencies = new LatencyCounts()
  for (const ms of [10, 20, 900]) latencies.add('event_to_segment', ms)
  latencies.looked({ hits: 3, looks: 4, stale: 1 })
  const log = { warn: () => {} }
  const counts = [latencies, new BidLatencies(new Metrics(), audience)]
  await writeCounts({ counts, tallies: store.tallies, name: 'latencies', clock, log }).close()
  const told = await world.must('GET', '/api/kpis')
  expect(told.latencies).toMatchObject([
    { kpi: 'event_to_segment', count: 3 },
    { kpi: 'enrich', count: 0, p50Ms: null },
  ])
  expect(told.latencies[0].p99Ms).toBeGreaterThanOrEqual(900)
  expect(told.definitions.event_to_segment).toContain('event')
  expect(share(of(told.items, 'near_cache_hit_rate')[0]!)).toEqual([3, 4])
  expect(share(of(told.items, 'near_cache_stale_rate')[0]!)).toEqual([1, 4])
  const token = await world.key('dmp')
  const partner = await world.must('GET', '/api/kpis?segment=cars', { token })
  expect(partner.latencies).toBe(undefined)
  expect(of(partner.items, 'near_cache_hit_rate')).toEqual([])
})

test('the command line prints them', async () => {
  const { out } = await new Cli(world).run('kpis --clients clients --source phone')
  const items = JSON.parse(out).items as Body[]
  expect(items.map(({ kpi }) => kpi)).toContain('connected_view_rate')
})
