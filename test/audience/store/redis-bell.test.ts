import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { followChanges } from '../../../audience/people/follow-changes.ts'
import { openCatalogFeed } from '../../../audience/store/catalog-feed.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import { catalogKeys } from '../../../audience/store/redis/layout.ts'
import type { RedisStore } from '../../../audience/store/redis/open-redis-store.ts'
import type { LogCursor, PeopleStore } from '../../../audience/store/store.ts'
import { startChaosProxy } from '../../support/chaos-proxy.ts'
import { patiently } from '../../support/patiently.ts'
import { add } from './records.ts'
import { becomes, reached, reasonOf, redisWorld } from './redis-world.ts'
import { keyOf } from './torrent.ts'

const FAR = 60_000
const world = redisWorld()
const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const isQuiet = ({ people }: RedisStore, cursor: LogCursor) =>
  people.quietSinceMs!(cursor) !== undefined

/** Reads on from there to the end, until that is known to be quiet. */
async function quietEnd(store: RedisStore, from: LogCursor): Promise<LogCursor> {
  let cursor = from
  await becomes(async () => {
    cursor = (await store.people.changesSince(cursor, 100)).cursor
    return isQuiet(store, cursor)
  })
  return cursor
}

test('where nothing comes, Redis is not asked: it would tell', async () => {
  const server = await world.server()
  const [mine, others] = [await world.store(server.url), await world.store(server.url)]
  const cursor = await quietEnd(mine, await mine.people.changesEnd())
  expect(systemClock.elapsed() - mine.people.quietSinceMs!(cursor)!).toBeLessThan(1_000)
  await others.people.assign([add(keyOf(1), [[1, FAR]])])
  await becomes(() => !isQuiet(mine, cursor))
  const { entries, cursor: behind } = await mine.people.changesSince(cursor, 9)
  expect(entries.map(({ key }) => key)).toEqual([keyOf(1)])
  const now = await quietEnd(mine, behind)
  expect([isQuiet(mine, now), isQuiet(mine, cursor)]).toEqual([true, false])
})

test('a reader at rest asks Redis a few times of the many it looks, and is told of every change', async () => {
  const server = await world.server()
  const [mine, others] = [await world.store(server.url), await world.store(server.url)]
  let [asked, looked] = [0, 0]
  const people = {
    changesEnd: () => mine.people.changesEnd(),
    changesSince(cursor: LogCursor, max: number) {
      asked++
      return mine.people.changesSince(cursor, max)
    },
    quietSinceMs(cursor: LogCursor) {
      looked++
      return mine.people.quietSinceMs!(cursor)
    },
  } as unknown as PeopleStore
  const told: string[] = []
  const follower = followChanges({
    ...{ store: people, clock: systemClock, pollMs: 5 },
    onChange: ({ key }) => told.push(key.toString('hex')),
    onGap: () => {},
  })
  ends.push(() => follower.close())
  await follower.poke()
  for (let i = 1; i <= 3; i++) {
    await others.people.assign([add(keyOf(i), [[1, FAR]])])
    await patiently(() => expect(told.length).toBe(i))
  }
  expect(told).toEqual([1, 2, 3].map((i) => keyOf(i).toString('hex')))
  asked = looked = 0
  await becomes(() => looked > 200)
  expect(asked).toBeLessThan(looked / 4)
})

test('whoever pokes asks all the same', async () => {
  const server = await world.server()
  const [mine, others] = [await world.store(server.url), await world.store(server.url)]
  const told: string[] = []
  const follower = followChanges({
    ...{ store: mine.people, clock: systemClock, pollMs: 5 },
    onChange: ({ key }) => told.push(key.toString('hex')),
    onGap: () => {},
  })
  ends.push(() => follower.close())
  await follower.poke()
  for (let i = 1; i <= 30; i++) {
    await others.people.assign([add(keyOf(i), [[1, FAR]])])
    await follower.poke()
    expect(told.at(-1)).toBe(keyOf(i).toString('hex'))
  }
})

test('a Redis that falls silent, or is gone, is not taken for one to which nothing comes', async () => {
  const server = await world.server()
  const store = await world.store(server.url)
  const cursor = await quietEnd(store, await store.people.changesEnd())
  server.pause()
  await becomes(() => !isQuiet(store, cursor))
  server.resume()
  await reached(store)
  await becomes(async () => (await reasonOf(store.people.changesSince(cursor, 9))) === 'done')
  await quietEnd(store, cursor)
  await server.kill()
  await becomes(() => !isQuiet(store, cursor))
  await server.restart()
  await reached(store)
  await becomes(async () => (await reasonOf(store.people.changesSince(cursor, 9))) === 'done')
  await store.people.assign([add(keyOf(1), [[1, FAR]])])
  const { entries } = await store.people.changesSince(cursor, 9)
  expect(entries.map(({ key }) => key)).toEqual([keyOf(1)])
})

test('what was heard of one Redis says nothing of the next behind the same address', async () => {
  const [server, next] = [await world.server(), await world.server()]
  const proxy = await startChaosProxy(server.port)
  world.behind(() => proxy.stop())
  const store = await world.store(`redis://127.0.0.1:${proxy.port}/0`)
  const cursor = await quietEnd(store, await store.people.changesEnd())
  proxy.retarget(next.port)
  await becomes(() => !isQuiet(store, cursor))
  await reached(store)
  const others = await world.store(next.url)
  const now = await quietEnd(store, cursor)
  await others.people.assign([add(keyOf(2), [[1, FAR]])])
  await becomes(() => !isQuiet(store, now))
  const { entries } = await store.people.changesSince(now, 9)
  expect(entries.map(({ key }) => key)).toEqual([keyOf(2)])
})

describe('the catalog over Redis', () => {
  const record = (value: number) => ({ kind: 'thing', id: 'one', value })

  function feedOf(store: RedisStore) {
    let asked = 0
    const { catalog } = store
    const feed = openCatalogFeed({
      store: {
        load: () => catalog.load(),
        changesSince: (version) => catalog.changesSince(version),
        version: () => {
          asked++
          return catalog.version()
        },
        isQuietAt: (version) => catalog.isQuietAt!(version),
        write: (writes) => catalog.write(writes),
        nextNumber: (sequence) => catalog.nextNumber(sequence),
      },
      clock: systemClock,
      pollMs: 5,
    })
    ends.push(() => feed.close())
    const value = () => feed.current()?.kind('thing').get('one')?.value
    return { feed, value, asked: () => asked }
  }

  test('is asked for a few times of the many a feed looks, stays confirmed, and is told of every change', async () => {
    const server = await world.server()
    const [mine, others] = [await world.store(server.url), await world.store(server.url)]
    const { feed, value, asked } = feedOf(mine)
    await feed.poke()
    const follower = followChanges({
      ...{ store: mine.people, clock: systemClock, pollMs: 5 },
      ...{ onChange: () => {}, onGap: () => {} },
    })
    ends.push(() => follower.close())
    for (let i = 1; i <= 5; i++) {
      const version = await others.catalog.write([record(i)])
      await patiently(() => expect([feed.current()?.version, value()]).toEqual([version, i]))
      await becomes(() => mine.catalog.isQuietAt!(version))
    }
    const [before, sinceMs] = [asked(), systemClock.elapsed()]
    await becomes(() => systemClock.elapsed() - sinceMs > 1_000)
    const looks = (systemClock.elapsed() - sinceMs) / LIMITS.catalogAskMs
    expect(asked() - before).toBeLessThan(4 * looks)
    expect(feed.confirmed()).toBe(true)
  })

  test('tells by itself of another version', async () => {
    const server = await world.server()
    const [mine, others] = [await world.store(server.url), await world.store(server.url)]
    for (let i = 1; i <= 3; i++) {
      const version = await mine.catalog.version()
      await quietEnd(mine, await mine.people.changesEnd())
      await becomes(() => mine.catalog.isQuietAt!(version))
      await others.catalog.write([record(i)])
      await becomes(() => !mine.catalog.isQuietAt!(version))
    }
  })

  test('written by somebody who rings no bell is found all the same', async () => {
    const server = await world.server()
    const [store, client] = [await world.store(server.url), await world.client(server.url)]
    const { feed, value } = feedOf(store)
    await feed.poke()
    await quietEnd(store, await store.people.changesEnd())
    // At once, as every write of the catalog is made: between two of these a reader could take it for read.
    const version = Number(await client.get(catalogKeys.version)) + 1
    await client
      .multi()
      .set(catalogKeys.version, version)
      .hset(catalogKeys.records, 'thing/one', `${version} 7`)
      .zadd(catalogKeys.changed, version, 'thing/one')
      .exec()
    await patiently(() => expect(value()).toBe(7))
  })
})
