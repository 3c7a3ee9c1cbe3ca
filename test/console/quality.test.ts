import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import { Collector } from '../../exchange/collect/collector.ts'
import { writeCounts } from '../../exchange/counts/write-counts.ts'
import { COMPONENTS } from '../../exchange/quality/components.ts'
import { SourceCounts } from '../../exchange/quality/source-counts.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

// Two edge processes take messages of a shop over four days, of which the third is silent; a desk counts them.

let world: ConsoleWorld
let key: string
const quiet = { warn: () => {} }

beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.partner('other', { roles: ['data_provider'] })
  const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
  const shop = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces }
  await world.must('PUT', '/api/sources/shop', { body: shop })
  const theirs = { ...shop, owner: 'other', namespaces: { anonymousId: 'other.anon' } }
  await world.must('PUT', '/api/sources/theirs', { body: theirs })
  const trait = { name: 'Searched', owner: 'dmp', when: 'event == "Searched"', ttlDays: 30 }
  await world.must('PUT', '/api/traits/searched', { body: trait })
  key = (await world.must('POST', '/api/sources/shop/keys', { body: {} })).key
  // Noon: no day begins while it runs.
  const sinceMidnight = world.clock.now() % DAY_MS
  const base = DAY_MS / 2 - sinceMidnight
  for (const [ago, deliveries] of DAYS) {
    world.clock.aheadMs = base - ago * DAY_MS
    await oneDay(deliveries)
    world.clock.aheadMs = base
  }
})
afterAll(() => world.close())

const SENT = 'sentAt'
const NOW = Symbol('now')
type Told = Record<string, unknown>
const search = (messageId: string, more: Told = {}): Told => ({
  ...{ type: 'track', event: 'Searched', anonymousId: `a-${messageId}`, messageId },
  ...more,
})
const agent = (userAgent: string) => ({ userAgent })

/** How many days ago, and the messages of each edge process. */
const DAYS: [number, Told[][]][] = [
  [
    3,
    [
      [search('m1'), search('m2')],
      [search('m3'), search('m4')],
    ],
  ],
  [
    2,
    [
      [search('m5'), search('m6', { context: { consent: { gdpr: 0 } } })],
      [search('m1', { anonymousId: 'a-m1' })],
    ],
  ],
  [
    0,
    [
      [
        search('m7', { userId: 'u1', context: agent('Mozilla/5.0 Chrome/140.0') }),
        search('m8', { context: agent('Googlebot/2.1') }),
        search('m9', { timestamp: NOW, days: -2 }),
        search('m10', { [SENT]: NOW, minutes: 0 }),
        search('m11', { [SENT]: NOW, minutes: 20 }),
      ],
      [
        { type: 'track', anonymousId: 'a1' },
        search('m12', { context: { consent: { gdpr: 1, gdprConsent: 'none' } } }),
      ],
    ],
  ],
]

async function oneDay(deliveries: readonly Told[][]): Promise<void> {
  const { audience, clock, store } = world
  const writers = []
  for (const [i, messages] of deliveries.entries()) {
    const counts = new SourceCounts()
    const collector = new Collector({ audience, clock, counts })
    await audience.feed.poke()
    const source = collector.source(key)!
    const permits = (message: unknown) => !JSON.stringify(message).includes('none')
    const told = messages.map(({ days = 0, minutes = 0, ...message }) => {
      const at = new Date(clock.now() + Number(days) * DAY_MS + Number(minutes) * 60_000)
      return Object.fromEntries(
        Object.entries(message).map(([name, value]) => [name, value === NOW ? at : value]),
      )
    })
    const asSent = JSON.parse(JSON.stringify(told)) as unknown[]
    const delivery = { messages: asSent, type: undefined, sentAt: undefined, bytes: 0, permits }
    await collector.collect(source, delivery)
    const { tallies } = store
    writers.push(writeCounts({ counts: [counts], tallies, name: `edge ${i}`, clock, log: quiet }))
  }
  await world.events.poke()
  const { tallies } = store
  writers.push(
    writeCounts({ counts: [world.sourceCounts], tallies, name: 'desk', clock, log: quiet }),
  )
  for (const writer of writers) await writer.close()
}

const get = (path: string, token?: string) =>
  world.ask('GET', path, token === undefined ? {} : { token })
const shareOf = (component: Body) => [component.count, component.of]

test('a score is the weighted mean of its components, each with its numerator and denominator', async () => {
  const { body } = await get('/api/sources/shop/quality')
  const shares = Object.entries<Body>(body.components).map(([name, one]) => [name, shareOf(one)])
  expect(Object.fromEntries(shares)).toEqual({
    // Three of four days, the first of which was three days ago.
    fresh: [3, 4],
    // Nothing came on the last whole day; seven messages on the two days before it.
    volume: [0, 4],
    valid: [12, 13],
    unique: [11, 12],
    on_time: [11, 12],
    clock: [1, 2],
    consent: [2, 14],
    permitted: [13, 14],
    human: [1, 2],
    planned: [0, 0],
    identified: [1, 12],
    matched: [1, 11],
  })
  let [sum, weights] = [0, 0]
  for (const [name, { weight }] of Object.entries(COMPONENTS)) {
    const [count, of] = shareOf(body.components[name])
    if (of === 0) continue
    sum += (weight * count) / of
    weights += weight
  }
  expect(body.score).toBeCloseTo((100 * sum) / weights, 0)
  expect(body.lastOn).toBe(body.to)
})

test('a stretch of days is scored by itself, and one without messages has no score', async () => {
  const day = (ago: number) => new Date(world.clock.now() - ago * DAY_MS).toISOString().slice(0, 10)
  const { body } = await get(`/api/sources/shop/quality?from=${day(3)}&to=${day(2)}`)
  expect(shareOf(body.components.valid)).toEqual([7, 7])
  expect(shareOf(body.components.unique)).toEqual([6, 7])
  const none = (await get(`/api/sources/shop/quality?from=${day(1)}&to=${day(1)}`)).body
  expect(none).toMatchObject({ lastOn: null, components: { valid: { rate: null } } })
  expect((await get('/api/theirs')).status).toBe(404)
})

test('the list has all sources a caller sees, and a partner sees its own', async () => {
  const { items } = (await get('/api/quality')).body
  expect(items.map(({ source, score }: Body) => [source, score === null])).toEqual([
    ['shop', false],
    ['theirs', true],
  ])
  const other = await world.key('other')
  expect((await get('/api/quality', other)).body.items).toMatchObject([{ source: 'theirs' }])
  expect((await get('/api/sources/shop/quality', other)).status).toBe(404)
  expect((await get('/api/sources/theirs/quality', other)).status).toBe(200)
})

test('the command line prints one score, and all', async () => {
  const cli = new Cli(world)
  const one = JSON.parse((await cli.run('source quality shop')).out)
  expect(one.components.unique).toMatchObject({ count: 11, of: 12 })
  const lines = (await cli.run('source quality')).out.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).source)).toEqual(['shop', 'theirs'])
})

test('no request failed', () => expect(world.errors).toEqual([]))
