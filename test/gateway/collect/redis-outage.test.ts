import { afterEach, describe, expect, test, vi } from 'vitest'
import { EdgeHouse } from '../../support/edge-house.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { CollectWorld } from './collect-world.ts'

// Senders that give up nothing: what is refused they send again, with the same message ids.

const VISITORS = 20
const WAIT = { timeout: 30_000, interval: 20 }
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function openWorld(): Promise<{ world: CollectWorld; redis: RedisServer }> {
  const redis = await startRedisServer()
  closers.push(() => redis.stop())
  const world = await CollectWorld.open({ address: redis.url })
  closers.push(() => world.close())
  return { world, redis }
}

interface Message {
  anonymousId: string
  messageId: string
}

/** One message of every visitor. */
function messages(round: number): Message[] {
  return Array.from({ length: VISITORS }, (_, i) => ({
    anonymousId: `a${i}`,
    messageId: `m-${round}-${i}`,
  }))
}

/** Sends them at once. The messages that were refused, each with 503 and when to come again. */
async function refused(world: CollectWorld, sent: readonly Message[]): Promise<Message[]> {
  const answers = await Promise.all(sent.map((message) => world.track(message)))
  for (const { status, headers } of answers) {
    expect([200, 503]).toContain(status)
    if (status === 503)
      expect([headers['x-passerelle-reason'], headers['retry-after']]).toEqual(['store_away', '2'])
  }
  return sent.filter((_, i) => answers[i]!.status === 503)
}

async function sentAtLast(world: CollectWorld, waiting: readonly Message[]): Promise<void> {
  let left = [...waiting]
  await vi.waitFor(async () => {
    left = await refused(world, left)
    expect(left).toEqual([])
  }, WAIT)
}

async function allCounted(world: CollectWorld, each: number): Promise<void> {
  const counts = () => Promise.all(messages(0).map(({ anonymousId }) => world.counted(anonymousId)))
  await vi.waitFor(async () => {
    expect(await world.house.store.events.depth()).toBe(0)
    expect(await counts()).toEqual(Array(VISITORS).fill(each))
  }, WAIT)
}

describe('Redis goes away under load for half a minute', () => {
  test('killed: senders are told to come again at once, and every event counts once in the end', async () => {
    const { world, redis } = await openWorld()
    const desk = world.desk()
    expect(await refused(world, messages(0))).toEqual([])
    // It dies while events are on their way to it, and while the desk counts others.
    const underWay = refused(world, messages(1))
    await redis.kill()
    const waiting = await underWay
    await vi.waitFor(
      async () => expect(await refused(world, messages(2))).toHaveLength(VISITORS),
      WAIT,
    )
    // The outage is real; that it is long is wound.
    world.house.clock.aheadMs += 30_000
    expect(await refused(world, messages(3))).toHaveLength(VISITORS)
    await redis.restart()
    await sentAtLast(world, [...waiting, ...messages(2), ...messages(3)])
    await allCounted(world, 4)
    // A sender that did not hear an answer says it again.
    expect(await refused(world, messages(1))).toEqual([])
    await vi.waitFor(() => expect(desk.counts().repeated).toBeGreaterThanOrEqual(VISITORS), WAIT)
    await allCounted(world, 4)
    expect(world.house.failures).toEqual([])
  }, 90_000)

  test('frozen: nobody waits for ever, and what it did unheard is not counted twice', async () => {
    const { world, redis } = await openWorld()
    world.desk()
    expect(await refused(world, messages(0))).toEqual([])
    redis.pause()
    try {
      expect(await refused(world, messages(1))).toHaveLength(VISITORS)
      world.house.clock.aheadMs += 30_000
    } finally {
      redis.resume()
    }
    await sentAtLast(world, messages(1))
    await allCounted(world, 2)
    expect(world.house.failures).toEqual([])
  }, 90_000)
})

describe('two edge processes and two desks on one Redis', () => {
  test('count every message once, whichever takes it in, however often and in whatever order', async () => {
    const { world, redis } = await openWorld()
    const other = await EdgeHouse.open({ address: redis.url })
    closers.push(() => other.close())
    const desks = [world.desk(), world.desk(other)]
    const rounds = [4, 1, 3, 0, 2]
    const nowMs = world.house.clock.now()
    for (const round of rounds) {
      const timestamp = new Date(nowMs - 60_000 * (5 - round)).toISOString()
      const batch = messages(round).map((one) => ({ ...one, type: 'track', event: 'x', timestamp }))
      const body = JSON.stringify({ batch })
      const answers = await Promise.all(
        [world.house, other, world.house, other].map((house) =>
          world.send('/v1/batch', body, { house }),
        ),
      )
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    }
    await allCounted(world, rounds.length)
    expect(desks.map((desk) => desk.counts().quarantined)).toEqual([0, 0])
    expect([...world.house.failures, ...other.failures]).toEqual([])
  }, 60_000)
})
