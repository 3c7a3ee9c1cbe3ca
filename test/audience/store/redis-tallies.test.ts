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

test('who follows what changed is told where entries it had not seen are gone, or one it had seen', async () => {
  const server = await world.server()
  const { tallies } = await world.store(server.url)
  const client = await world.client(server.url)
  const add = (seq: number) => tallies.apply(part('s', seq, seq + 1, [plain(DAY, 'a', 1n)]))
  const start = await tallies.changesEnd()
  await add(0)
  await add(1)
  const entries = await client.xrange('{use}:0:changes', '-', '+')
  const [first, second] = entries.map(([id]) => id) as [string, string]
  await client.xdel('{use}:0:changes', first)
  expect(await tallies.changesSince(start)).toMatchObject({ changed: [], fellOff: true })
  const end = await tallies.changesEnd()
  // As after a failover to a replica that had not got the last write.
  await client.multi().xdel('{use}:0:changes', second).set('{use}:0:changed', first).exec()
  expect(await tallies.changesSince(end)).toMatchObject({ changed: [], fellOff: true })
  await add(2)
  expect(await tallies.changesSince(end)).toMatchObject({ changed: [], fellOff: true })
  const now = await tallies.changesEnd()
  await add(3)
  expect(await tallies.changesSince(now)).toMatchObject({
    changed: [{ day: DAY, field: 'a', value: 4n }],
    fellOff: false,
  })
})

test('it is known for a minute which counters changed, and no longer', async () => {
  const server = await world.server()
  const { tallies } = await world.store(server.url)
  const client = await world.client(server.url)
  // Entries of a whole node each, of which Redis removes none in part.
  const log = '{use}:0:changes'
  const now = Number((await client.time())[0]) * 1000
  for (const ageMs of [LIMITS.tallyChangesMs + 5_000, LIMITS.tallyChangesMs - 5_000])
    await client.xadd(log, `${now - ageMs}-1`, 'p', '', 'c', 'x'.repeat(8_000))
  await tallies.apply(part('s', 0, 1, [plain(DAY, 'a', 1n)]))
  expect(await client.xlen(log)).toBe(2)
})
