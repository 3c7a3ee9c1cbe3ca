import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../audience/store/redis/limits.ts'
import type { RedisStore } from '../../../audience/store/redis/open-redis-store.ts'
import { CatalogConflict } from '../../../audience/store/store.ts'
import { startChaosProxy } from '../../support/chaos-proxy.ts'
import { add, edge, edgesIn, membershipsIn } from './records.ts'
import { becomes, reached, reasonOf, redisWorld, words } from './redis-world.ts'
import { keyOf } from './torrent.ts'

const FAR = 60_000
const world = redisWorld()
/** By `everysec` Redis puts off its file while the disk is busy with it, and a kill loses what was answered meanwhile. */
const SYNCED = { settings: ['--appendfsync', 'always'] }

describe('a Redis that is away', () => {
  test('at start: every verb is refused at once, and works when Redis comes', async () => {
    const server = await world.server({ started: false })
    const store = await world.store(server.url)
    const refused = await Promise.all(everyVerb(store).map(reasonOf))
    expect(new Set(refused)).toEqual(new Set(['down']))
    expect(words(store)).toEqual(['unreachable'])
    await server.restart()
    await reached(store)
    await becomes(async () => (await reasonOf(store.people.changesEnd())) === 'done')
    const done = await Promise.all(everyVerb(store).map(reasonOf))
    expect(new Set(done)).toEqual(new Set(['done']))
    expect(store.findings()).toEqual([])
  })

  test('killed and started again: nothing answered is lost, and readers of the log go on', async () => {
    const server = await world.server(SYNCED)
    const store = await world.store(server.url)
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    const cursor = await store.people.changesEnd()
    await store.people.assign([add(keyOf(2), [[2, FAR]])])
    await server.kill()
    await becomes(() => words(store).includes('unreachable'))
    expect(await reasonOf(store.people.recall([keyOf(1)]))).not.toBe('done')
    await server.restart()
    await reached(store)
    const found = await store.people.recall([keyOf(1), keyOf(2)])
    expect(found.map(membershipsIn)).toEqual([{ 1: FAR }, { 2: FAR }])
    await becomes(async () => (await reasonOf(store.people.changesSince(cursor, 9))) === 'done')
    const changes = await store.people.changesSince(cursor, 9)
    expect(changes).toMatchObject({ fellOff: false, entries: [{ key: keyOf(2) }] })
  })

  test('back with nothing in it: readers start clean, and the root secret stays what it was', async () => {
    const server = await world.server({ settings: ['--appendonly', 'no'] })
    const store = await world.store(server.url)
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    const cursor = await store.people.changesEnd()
    const secret = await store.rootSecret()
    await server.kill()
    await server.restart()
    await becomes(async () => (await reasonOf(store.people.changesEnd())) === 'done')
    const changes = await store.people.changesSince(cursor, 9)
    expect(changes).toMatchObject({
      entries: [],
      cursor: await store.people.changesEnd(),
      fellOff: true,
    })
    await reached(store)
    expect(await store.rootSecret()).toEqual(secret)
    expect(words(store)).not.toContain('secret')
  })

  test('writes begun before a kill are all settled, and what was answered is there', async () => {
    const server = await world.server(SYNCED)
    const store = await world.store(server.url)
    const writes = Array.from({ length: 200 }, (_, n) =>
      reasonOf(store.people.assign([add(keyOf(n), [[n + 1, FAR]])])),
    )
    await Promise.race(writes)
    await server.kill()
    await server.restart()
    const reasons = await Promise.all(writes)
    await reached(store)
    for (const [n, reason] of reasons.entries()) {
      if (reason !== 'done') continue
      const [record] = await store.people.recall([keyOf(n)])
      expect(membershipsIn(record)).toEqual({ [n + 1]: FAR })
    }
    expect(reasons).toContain('done')
  })
})

describe('a Redis that is frozen', () => {
  test('every recall is settled, few wait for it, and all works when it runs on', async () => {
    const server = await world.server()
    const store = await world.store(server.url, { recallDeadlineMs: 20 })
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    server.pause()
    const reasons = new Set<string>()
    let inFlightMax = 0
    const load = Array.from({ length: 400 }, async () => {
      for (let calls = 0; calls < 50; calls++) {
        reasons.add(await reasonOf(store.people.recall([keyOf(1), keyOf(2)])))
        inFlightMax = Math.max(inFlightMax, store.vitals().recallsInFlight)
      }
    })
    await Promise.all(load)
    expect(reasons.has('late') || reasons.has('dropped'), [...reasons].join()).toBe(true)
    expect(reasons).toContain('open')
    expect(inFlightMax).toBeLessThanOrEqual(LIMITS.recallsInFlightMax)
    expect(words(store)).toContain('unreachable')
    // The connection falls silent, is given up, and what Redis still held of it is gone with it.
    await becomes(() => store.vitals().recallsInFlight === 0)
    server.resume()
    await reached(store)
    await becomes(async () => (await reasonOf(store.people.recall([keyOf(1)]))) === 'done')
    expect(membershipsIn((await store.people.recall([keyOf(1)]))[0])).toEqual({ 1: FAR })
  })

  test('a write is refused, or done once it runs on, and never hangs', async () => {
    const server = await world.server()
    const store = await world.store(server.url)
    const cursor = await store.people.changesEnd()
    server.pause()
    const reason = await reasonOf(store.people.assign([add(keyOf(1), [[1, FAR]])]))
    expect(['down', 'dropped']).toContain(reason)
    expect(await reasonOf(store.catalog.version())).not.toBe('done')
    server.resume()
    await reached(store)
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    await becomes(async () => (await reasonOf(store.people.changesSince(cursor, 9))) === 'done')
    const { entries } = await store.people.changesSince(cursor, 9)
    expect(entries).toHaveLength(1)
  })
})

describe('an answer that is lost after the deed', () => {
  async function storeBehindProxy() {
    const server = await world.server()
    const proxy = await startChaosProxy(server.port)
    world.behind(() => proxy.stop())
    const store = await world.store(`redis://127.0.0.1:${proxy.port}/0`)
    return { store, proxy, direct: await world.store(server.url) }
  }

  test('an assignment is done once, and logged once', async () => {
    const { store, proxy, direct } = await storeBehindProxy()
    const cursor = await direct.people.changesEnd()
    const lost = proxy.loseAnswerTo(':log')
    await store.people.assign([add(keyOf(1), [[1, FAR]], [9]), add(keyOf(2), [[2, FAR]])])
    await lost
    const { entries } = await direct.people.changesSince(cursor, 9)
    expect(entries.map((entry) => entry.added)).toEqual(expect.arrayContaining([[1], [2]]))
    expect(entries).toHaveLength(2)
  })

  test('a match is made at both ends once, and forgotten at both ends once', async () => {
    const { store, proxy, direct } = await storeBehindProxy()
    let cursor = await direct.people.changesEnd()
    const linkLost = proxy.loseAnswerTo(':log')
    await store.people.link([edge('a', 'b')])
    await linkLost
    const ends = await direct.people.recall([keyOf('a'), keyOf('b')])
    expect(ends.map((record) => edgesIn(record).map((one) => one.value))).toEqual([['b'], ['a']])
    const linked = await direct.people.changesSince(cursor, 9)
    expect(linked.entries.map((entry) => entry.what)).toEqual(['link', 'link'])
    cursor = linked.cursor
    const forgetLost = proxy.loseAnswerTo(':log')
    await store.people.forget([keyOf('a')])
    await forgetLost
    expect(await direct.people.recall([keyOf('a'), keyOf('b')])).toEqual([undefined, undefined])
    const { entries } = await direct.people.changesSince(cursor, 9)
    expect(entries.map((entry) => entry.what).sort()).toEqual(['forget', 'unlink'])
  })

  test('a catalog write is done once, also one that must be the first', async () => {
    const { store, proxy, direct } = await storeBehindProxy()
    const lost = proxy.loseAnswerTo('receipt')
    const version = await store.catalog.write([{ kind: 'deal', id: 'd', value: 1, expect: 0 }])
    await lost
    expect(version).toBe(await direct.catalog.version())
    expect((await direct.catalog.load()).records).toHaveLength(1)
    const again = store.catalog.write([{ kind: 'deal', id: 'd', value: 2, expect: 0 }])
    await expect(again).rejects.toBeInstanceOf(CatalogConflict)
  })

  test('a number is never given twice', async () => {
    const { store, proxy } = await storeBehindProxy()
    const first = await store.catalog.nextNumber('segment')
    const lost = proxy.loseAnswerTo('hincrby')
    const second = await store.catalog.nextNumber('segment')
    await lost
    expect(second).toBeGreaterThan(first)
  })
})

describe('a Redis without memory to spare', () => {
  test('refuses writes and still answers recalls', async () => {
    const server = await world.server()
    const store = await world.store(server.url)
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    const client = await world.client(server.url)
    await client.config('SET', 'maxmemory', '1')
    const cursor = await store.people.changesEnd()
    expect(await reasonOf(store.people.assign([add(keyOf(2), [[2, FAR]])]))).toBe('refused')
    const found = await store.people.recall([keyOf(1), keyOf(2)])
    expect(found.map(membershipsIn)).toEqual([{ 1: FAR }, {}])
    expect((await store.people.changesSince(cursor, 9)).entries).toEqual([])
    await client.config('SET', 'maxmemory', '0')
    await store.people.assign([add(keyOf(2), [[2, FAR]])])
  })
})

describe('many recalls', () => {
  test('made in one turn go out as one command', async () => {
    const server = await world.server()
    const store = await world.store(server.url)
    const client = await world.client(server.url)
    await store.people.recall([keyOf(0)])
    await client.config('RESETSTAT')
    await Promise.all(
      Array.from({ length: 32 }, (_, n) => store.people.recall([keyOf(n), keyOf(-n)])),
    )
    expect(await client.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/)
  })

  test('beyond the bound are refused, and the others answered', async () => {
    const server = await world.server()
    const store = await world.store(server.url)
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    const more = 40
    const recalls = Array.from({ length: LIMITS.recallsInFlightMax + more }, () =>
      reasonOf(store.people.recall([keyOf(1)])),
    )
    const reasons = await Promise.all(recalls)
    expect(reasons.filter((reason) => reason === 'done')).toHaveLength(LIMITS.recallsInFlightMax)
    expect(reasons.filter((reason) => reason === 'busy')).toHaveLength(1)
    expect(store.vitals().breaker).not.toBe('half-open')
    await becomes(async () => (await reasonOf(store.people.recall([keyOf(1)]))) === 'done')
    expect(store.vitals()).toEqual({ recallsInFlight: 0, breaker: 'closed' })
  })
})

/** One of each, of things that change nothing much. */
function everyVerb({ people, catalog, rootSecret }: RedisStore): unknown[] {
  const key = randomBytes(16)
  return [
    people.recall([key]),
    people.assign([add(key, [[1, FAR]])]),
    people.link([edge('x', 'y')]),
    people.unlink([edge('x', 'y')]),
    people.forget([key]),
    people.holders(1)[Symbol.asyncIterator]().next(),
    people.changesEnd(),
    people.changesEnd().then((cursor) => people.changesSince(cursor, 1)),
    catalog.load(),
    catalog.changesSince(0),
    catalog.version(),
    catalog.write([{ kind: 'deal', id: 'd', value: 1 }]),
    catalog.nextNumber('segment'),
    rootSecret(),
  ]
}
