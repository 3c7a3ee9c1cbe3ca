import { expect, test } from 'vitest'
import { DAY_MS, systemClock } from '../../../audience/clock.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import { startChaosProxy } from '../../support/chaos-proxy.ts'
import { counters, once, part, plain } from './conformance-tallies.ts'
import { reasonOf, redisWorld } from './redis-world.ts'

const world = redisWorld()
const DAY = '2026-11-26'

test('a part whose answer was lost on the way is counted once', async () => {
  const server = await world.server()
  const proxy = await startChaosProxy(server.port)
  world.behind(() => proxy.stop())
  const { tallies } = await world.store(`redis://127.0.0.1:${proxy.port}/0`)
  await tallies.apply(part('warm', 0, 1, []))
  const lost = proxy.loseAnswerTo('the-counter')
  const applied = tallies.apply(part('s', 0, 1, [plain(DAY, 'the-counter', 3n)]))
  await lost
  expect(await reasonOf(applied)).toBe('done')
  await expect
    .poll(() => counters(tallies).catch(() => ({})))
    .toEqual({
      [`${DAY} the-counter`]: 3n,
    })
})

test('what counted once is remembered some days and no longer, a day long past for two', async () => {
  const server = await world.server()
  const { tallies } = await world.store(server.url)
  const today = new Date(systemClock.now()).toISOString().slice(0, 10)
  const entries = [today, '2020-01-01'].map((day, i) => ({
    ...once(`imp ${i}`, 1, [[DAY, 'units', 1n]]),
    once: { id: `imp ${i}`, rank: '1', day },
  }))
  await tallies.apply(part('s', 0, 1, entries))
  const client = await world.client(server.url)
  const untilMs = async (day: string) => {
    const [key] = await client.keys(`{use}:0:once:${day}:*`)
    return Number(await client.call('PEXPIRETIME', key!))
  }
  expect(await untilMs(today)).toBe(Date.parse(today) + LIMITS.onceDays * DAY_MS)
  const left = (await untilMs('2020-01-01')) - systemClock.now()
  expect(left).toBeGreaterThan(LIMITS.onceKeptMs - 60_000)
  expect(left).toBeLessThanOrEqual(LIMITS.onceKeptMs + 1_000)
  expect(await client.object('ENCODING', (await client.keys('{use}:0:once:*'))[0]!)).toBe(
    'listpack',
  )
})

test('everything lies in one slot, so that what is lost is lost together', async () => {
  const server = await world.server()
  const { tallies } = await world.store(server.url)
  const before = new Set(await (await world.client(server.url)).keys('*'))
  await tallies.apply(part('s', 0, 1, [plain(DAY, 'a', 1n), once('x', 1, [[DAY, 'b', 1n]])]))
  await tallies.clear()
  await tallies.apply(part('s', 0, 1, [plain(DAY, 'a', 1n)]))
  const made = (await (await world.client(server.url)).keys('*')).filter((key) => !before.has(key))
  expect(made.length).toBeGreaterThan(4)
  for (const key of made) expect(key).toMatch(/^\{use\}:/)
})
