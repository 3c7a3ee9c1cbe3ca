import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeCounts } from '../../exchange/counts/write-counts.ts'
import { MatchCounts } from '../../exchange/matchrates/match-counts.ts'
import { patiently } from '../support/patiently.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { type Asked, type Body, ConsoleWorld, fill } from './world.ts'

// Match tables over Redis, as over the embedded store: what is imported, taken back, forgotten and counted.

let redis: RedisServer
let world: ConsoleWorld
let token: string
beforeAll(async () => {
  redis = await startRedisServer()
  world = await ConsoleWorld.open(redis.url)
  await fill(world)
  token = await world.key('dsp')
}, 60_000)
afterAll(async () => {
  await world.close()
  await redis.stop()
})

// Reads of the store have a deadline, which a busy machine may miss: then an import is 503, and is sent again, as its sender would.

const sent = (what: string, lines: readonly unknown[], asked: Asked = {}): Promise<Body> =>
  patiently(async () => {
    const { status, body } = await world.import(what, lines, asked)
    expect(status).toBe(200)
    return body
  })

const line = (uid: string, device: string) => ({
  ...{ source: 'dsp', uid, with: { source: 'ifa', uid: device } },
})

test('a long import keeps every line, and one id for thousands of people is taken back', async () => {
  const sound = Array.from({ length: 9_000 }, (_, i) => line(`p-${i}`, `d-${i}`))
  const bot = Array.from({ length: 3_000 }, (_, i) => line('bot', `b-${i}`))
  const body = await sent('matches', [...sound, ...bot], { token })
  expect(body.accepted).toBeGreaterThanOrEqual(sound.length)
  expect(body.accepted).toBeLessThan(sound.length + 64)
  expect(await patiently(() => world.matches('dsp', 'p-8999'))).toMatch(/^d-8999/)
  expect(await patiently(() => world.matches('dsp', 'bot'))).toBe('')
  const again = await sent('matches', [line('bot', 'd-x'), line('p-1', 'd-x')], { token })
  expect(again).toMatchObject({ accepted: 1, rejected: 1, errors: [{ line: 1 }] })
}, 120_000)

test('a hashed device is found, deleted with what it is matched with, and refused', async () => {
  await sent('memberships', [{ source: 'dsp', uid: 'p-7', add: ['cars'] }])
  const value = createHash('sha256').update('d-7').digest('hex')
  const { statuses } = await sent('suppressions', [{ type: 'maid', value }])
  expect(statuses.deleted + statuses.opted_out).toBe(1)
  expect(await patiently(() => world.memberships('dsp', 'p-7'))).toBe('')
  const again = await sent('memberships', [{ source: 'ifa', uid: 'D-7', add: ['cars'] }])
  expect(again).toMatchObject({ accepted: 0, rejected: 1 })
}, 120_000)

test('match rates of several processes add up', async () => {
  const found = world.exchange.deskDeps.feed.current()!.kind('partner').get('dsp')!
  const { number, namespace } = found.value as { number: number; namespace: number }
  const { tallies } = world.store
  for (const name of ['bid 1', 'bid 2', 'bid 1']) {
    const counts = new MatchCounts()
    counts.offered({ number, namespace }, 1)
    const log = { warn: () => {} }
    await writeCounts({ counts: [counts], tallies, name, clock: world.clock, log }).close()
  }
  const { items } = await world.must('GET', '/api/matchrates')
  expect(items).toMatchObject([{ partner: 'dsp', browser: 'chromium', matched: { of: 3 } }])
})

test('no request failed', () => expect(world.errors).toEqual([]))
