import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../audience/clock.ts'
import { writeCounts } from '../../exchange/counts/write-counts.ts'
import { MatchCounts } from '../../exchange/matchrates/match-counts.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

// What GET /api/matchrates makes of what processes counted: two processes, over two days, of two partners.

const [CHROMIUM, SAFARI] = [1, 2] as const

let world: ConsoleWorld
let days: string[]
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  const partner = (id: string) => {
    const found = world.exchange.deskDeps.feed.current()!
    const { number } = found.kind('partner').get(id)!.value as { number: number }
    const namespace = (found.kind('namespace').get(id)!.value as { number: number }).number
    return { number, namespace }
  }
  const [dsp, dmp] = [partner('dsp'), partner('dmp')]
  days = []
  for (const aheadMs of [-2 * 86_400_000, 0])
    for (const name of ['edge', 'bid 1']) {
      const counts = new MatchCounts()
      const clock = { now: () => world.clock.now() + aheadMs, elapsed: systemClock.elapsed }
      const { tallies } = world.store
      const writer = writeCounts({
        counts: [counts],
        tallies,
        name,
        clock,
        log: { warn: () => {} },
      })
      const visit = { isAllowed: true, isMatched: false, isDue: true }
      for (let i = 0; i < 4; i++) counts.visit(dsp, CHROMIUM, { ...visit, isMatched: i === 0 })
      for (let i = 0; i < 3; i++) counts.offered(dsp, CHROMIUM)
      counts.matched(dsp, CHROMIUM)
      counts.visit(dmp, SAFARI, { ...visit, isAllowed: false })
      // Of a partner that is there no more.
      counts.offered({ number: 999, namespace: 999 }, SAFARI)
      await writer.close()
      days.push(new Date(clock.now()).toISOString().slice(0, 10))
    }
  await world.ship([])
})
afterAll(() => world.close())

const get = (query = '', token?: string) =>
  world.ask('GET', `/api/matchrates${query}`, token === undefined ? {} : { token })

test('days and processes add up, each rate with its numerator and denominator', async () => {
  const { body } = await get()
  expect(body.items).toEqual([
    expect.objectContaining({
      ...{ partner: 'dmp', browser: 'safari', namespace: 'dmp', denied: 4 },
      live: { count: 0, of: 0, rate: null, low: null, high: null },
    }),
    expect.objectContaining({
      ...{ partner: 'dsp', browser: 'chromium', namespace: 'dsp', denied: 0 },
      offered: expect.objectContaining({ count: 12, of: 16, rate: 0.75 }),
      matched: expect.objectContaining({ count: 4, of: 12, rate: 0.3333 }),
      live: expect.objectContaining({ count: 4, of: 16, rate: 0.25 }),
    }),
  ])
  expect(Object.keys(body.definitions)).toEqual(['offered', 'matched', 'live', 'biddable'])
  expect(body.to).toBe(days.at(-1))
})

test('days are kept apart: asked for by day, or a stretch of them', async () => {
  const { body } = await get('?by=day&partner=dsp')
  const told = body.items.map(({ day, matched }: Body) => [day, matched.count])
  expect(told).toEqual([...new Set(days)].map((day) => [day, 2]))
  const first = (await get(`?from=${days[0]}&to=${days[0]}&browser=chromium`)).body
  expect(first.items).toMatchObject([{ partner: 'dsp', matched: { count: 2, of: 6 } }])
  expect((await get(`?to=2020-01-01`)).body.items).toEqual([])
})

test('a partner sees its own rates and nobody else’s', async () => {
  const token = await world.key('dsp')
  const own = (await get('', token)).body.items
  expect(own.map(({ partner }: Body) => partner)).toEqual(['dsp'])
  expect((await get('?partner=dmp', token)).body.items).toEqual([])
  expect((await get('', 'nobody')).status).toBe(401)
})

test('pages, tables and the command line tell the same', async () => {
  const first = (await get('?limit=1')).body
  const second = (await get(`?limit=1&after=${encodeURIComponent(first.next)}`)).body
  expect([first, second].map(({ items }) => items[0].partner)).toEqual(['dmp', 'dsp'])
  expect(second.next).toBe(null)
  const csv = (await get('?format=csv&partner=dsp')).body
  expect(csv.split('\r\n')).toEqual([
    'day,partner,browser,namespace,offered_count,offered_of,offered_rate,matched_count,matched_of,matched_rate,live_count,live_of,live_rate,biddable_count,biddable_of,biddable_rate,denied',
    ',dsp,chromium,dsp,12,16,0.75,4,12,0.3333,4,16,0.25,0,0,,0',
    '',
  ])
  const { out } = await new Cli(world).run('matchrates --partner dsp')
  expect(JSON.parse(out)).toMatchObject({ partner: 'dsp', offered: { count: 12, of: 16 } })
})

test('what is no stretch of days is refused with its field', async () => {
  for (const query of [
    '?from=2026-02-30&to=2026-03-01',
    '?from=2026-11-02&to=2026-11-01',
    '?from=2020-01-01&to=2026-01-01',
    '?from=yesterday',
    '?browser=lynx',
  ]) {
    const { status, body } = await get(query)
    expect([status, body.errors.length], query).toEqual([400, 1])
  }
})

test('usage is none the wiser', async () => {
  expect((await world.must('GET', '/api/usage')).items).toEqual([])
})

test('no request failed', () => expect(world.errors).toEqual([]))
