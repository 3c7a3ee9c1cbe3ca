import { expect, test } from 'vitest'
import { LIMITS } from '../../../audience/store/redis/limits.ts'
import type { RedisStore } from '../../../audience/store/redis/open-redis-store.ts'
import { packHistory } from '../../../proto/history-blob.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { redisWorld } from './redis-world.ts'
import { keyOf } from './torrent.ts'

const world = redisWorld()
const BASE_MS = 1_790_000_000_000

/** Keeps a history of somebody who is to be looked at then. */
async function wakeAt({ histories }: RedisStore, who: number, wakeMs: number): Promise<void> {
  const key = keyOf(who)
  const [held] = await histories.read([key])
  const shown = new Map([[1, [{ atMs: BASE_MS, count: 1 }]]])
  const history = packHistory({ wakeMs, traits: shown, segments: new Map() })
  const lesson = { key, held: held!, history, add: [], remove: [], messages: [] }
  expect(await histories.learn([lesson])).toEqual(['done'])
}

async function desk() {
  const server = await world.server()
  const clock = new WoundClock()
  const store = await world.store(server.url, { clock })
  const client = await world.client(server.url)
  const due = (atMs: number) => store.histories.due(atMs, 10)
  /** Times Redis was asked since it began. */
  const asked = async () => {
    const [, calls] = /zrangebyscore:calls=(\d+)/.exec(await client.info('commandstats')) ?? []
    return Number(calls ?? 0)
  }
  return { server, clock, store, due, asked }
}

test('before the next turn of the wheel Redis is not asked, and at it whoever is due is found', async () => {
  const { store, due, asked } = await desk()
  await wakeAt(store, 1, BASE_MS + 5_000)
  expect(await due(BASE_MS)).toEqual([])
  const before = await asked()
  for (let ms = 1_000; ms < 5_000; ms += 200) expect(await due(BASE_MS + ms)).toEqual([])
  expect(await asked()).toBe(before)
  expect(await due(BASE_MS + 5_000)).toEqual([keyOf(1)])
  // As long as it is not seen to, it stays due.
  expect(await due(BASE_MS + 5_000)).toEqual([keyOf(1)])
})

test('an earlier turn that is set meanwhile is the next one', async () => {
  const { store, due } = await desk()
  await wakeAt(store, 1, BASE_MS + 50_000)
  expect(await due(BASE_MS)).toEqual([])
  await wakeAt(store, 2, BASE_MS + 1_000)
  expect(await due(BASE_MS + 999)).toEqual([])
  expect(await due(BASE_MS + 1_000)).toEqual([keyOf(2)])
})

test('what a desk of another instance left is found soon after, at its turn or behind it', async () => {
  const { server, clock, store, due } = await desk()
  await wakeAt(store, 1, BASE_MS + 50_000)
  expect(await due(BASE_MS)).toEqual([])
  await wakeAt(await world.store(server.url), 2, BASE_MS + 1_000)
  clock.wind(LIMITS.turnBelievedMs)
  expect(await due(BASE_MS + 1_000)).toEqual([keyOf(2)])
})

test('where Redis does not answer, nothing is believed of it', async () => {
  const { server, store, due } = await desk()
  await wakeAt(store, 1, BASE_MS + 1_000)
  await server.kill()
  await expect(due(BASE_MS)).rejects.toThrow()
  await expect(due(BASE_MS)).rejects.toThrow()
})
