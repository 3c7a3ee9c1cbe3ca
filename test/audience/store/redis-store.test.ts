import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, systemClock } from '../../../audience/clock.ts'
import type { QueuedEvent } from '../../../audience/store/event-stores.ts'
import { connectRedis } from '../../../audience/store/redis/ioredis.ts'
import { LIMITS } from '../../../audience/store/redis/limits.ts'
import { openRedisStore } from '../../../audience/store/redis/open-redis-store.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { add, edge, membershipsIn } from './records.ts'
import { patientMs, reasonOf, redisWorld, words } from './redis-world.ts'
import { storeConformance } from './store-conformance.ts'
import { keyOf } from './torrent.ts'

const FAR = 60_000
const patient = { clock: systemClock, recallDeadlineMs: patientMs }

describe('over one Redis', () => {
  let server: RedisServer
  let worlds = 0
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  storeConformance('the Redis store', async (options = {}) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-redis-store-'))
    // Each test has a database of its own, emptied when its number comes round again.
    const address = `redis://127.0.0.1:${server.port}/${worlds++ % 16}?buckets=256`
    await empty(address)
    const openOne = () => openRedisStore(address, { ...patient, dataDir, ...options })
    const store = await openOne()
    return {
      store,
      address,
      dataDir,
      reopen: openOne,
      close: async () => {
        await store.close()
        rmSync(dataDir, { recursive: true, force: true })
      },
    }
  })
})

describe('what Redis is asked for at start', () => {
  const world = redisWorld()

  test('listpacks: profiles and matches of any usual size are kept as such', async () => {
    const server = await world.server()
    const store = await world.store(`${server.url}?buckets=64`)
    expect(store.findings()).toEqual([])
    const segments = Array.from({ length: 200 }, (_, n): [number, number] => [n * 50, FAR + n])
    await store.people.assign(Array.from({ length: 2_000 }, (_, n) => add(keyOf(n), segments)))
    await store.people.link(Array.from({ length: 30 }, (_, n) => edge('hub', `a longer id ${n}`)))
    const client = await world.client(server.url)
    const hashes = await client.keys('{p*}:[ue]:*')
    const encodings = await Promise.all(hashes.map((hash) => client.object('ENCODING', hash)))
    expect(hashes.length).toBeGreaterThan(64)
    expect(new Set(encodings)).toEqual(new Set(['listpack']))
    expect(await client.exists('{cat}:probe')).toBe(0)
  })

  test('a larger threshold of the operator is left as it is', async () => {
    const settings = ['--hash-max-listpack-entries', '900', '--hash-max-listpack-value', '9000']
    const server = await world.server({ settings })
    await world.store(server.url)
    const client = await world.client(server.url)
    expect(await client.config('GET', 'hash-max-listpack-entries')).toContain('900')
    expect(await client.config('GET', 'hash-max-listpack-value')).toContain('9000')
  })

  test('where CONFIG is refused, the thresholds in force are judged by what they do', async () => {
    const refused = ['--rename-command', 'CONFIG', '']
    const small = await world.server({ settings: refused })
    expect(words(await world.store(small.url))).toEqual(['listpack'])
    const wide = ['--hash-max-listpack-entries', '512', '--hash-max-listpack-value', '4096']
    const large = await world.server({ settings: [...refused, ...wide] })
    expect(words(await world.store(large.url))).toEqual([])
  })

  test('a store with findings works all the same', async () => {
    const server = await world.server({ settings: ['--rename-command', 'CONFIG', ''] })
    const store = await world.store(server.url)
    await store.people.assign([add(keyOf(1), [[1, FAR]])])
    expect(membershipsIn((await store.people.recall([keyOf(1)]))[0])).toEqual({ 1: FAR })
  })

  test('no append-only file and an eviction policy are findings, and no reason to refuse', async () => {
    const settings = ['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru']
    const store = await world.store((await world.server({ settings })).url)
    expect(words(store)).toEqual(['appendonly', 'eviction'])
    expect(await reasonOf(store.catalog.load())).toBe('done')
  })

  test('INFO refused is a finding', async () => {
    const server = await world.server()
    const client = await world.client(server.url)
    await client.call('ACL', 'SETUSER', 'gateway', 'on', '>pw', '~*', '+@all', '-info', '-config')
    const store = await world.store(`redis://gateway:pw@127.0.0.1:${server.port}/0`)
    expect(words(store)).toEqual(['listpack', 'unchecked'])
    expect(await reasonOf(store.people.recall([keyOf(1)]))).toBe('done')
  })
})

describe('how a Redis is laid out', () => {
  const world = redisWorld()

  test('is settled by who comes first, and told to who asks for something else', async () => {
    const server = await world.server()
    const first = await world.store(`${server.url}?buckets=1024`)
    await first.people.assign([add(keyOf(1), [[1, FAR]])])
    const second = await world.store(`${server.url}?buckets=65536`)
    const third = await world.store(server.url)
    for (const store of [second, third]) {
      expect(membershipsIn((await store.people.recall([keyOf(1)]))[0])).toEqual({ 1: FAR })
    }
    expect([first, second, third].map(words)).toEqual([[], ['buckets'], []])
  })

  test('of a later version is not touched', async () => {
    const server = await world.server()
    const client = await world.client(server.url)
    await client.set('{cat}:layout', '{"version":99,"buckets":64}')
    const store = await world.store(server.url)
    expect(words(store)).toEqual(['layout', 'unreachable'])
    expect(await reasonOf(store.people.assign([add(keyOf(1), [[1, FAR]])]))).toBe('down')
    expect(await client.dbsize()).toBe(1)
  })

  test('a number of buckets that makes no sense is refused with the setting named', async () => {
    await expect(world.store('redis://127.0.0.1:1/0?buckets=100')).rejects.toThrow('?buckets=')
  })
})

describe('the root secret in Redis', () => {
  const world = redisWorld()

  test('is remembered in the data directory, for nobody else to read', async () => {
    const store = await world.store((await world.server()).url, { dataDir: world.dataDir() })
    const dataDir = world.dataDir()
    const second = await world.store((await world.server()).url, { dataDir: join(dataDir, 'new') })
    const secret = await second.rootSecret()
    const file = join(dataDir, 'new', 'redis-secret')
    expect(readFileSync(file, 'latin1').trim()).toBe(secret.toString('hex'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await store.rootSecret()).not.toEqual(secret)
  })

  test('is that of Redis where the data directory remembers another, which is a finding', async () => {
    const server = await world.server()
    const secret = await (await world.store(server.url)).rootSecret()
    const dataDir = world.dataDir()
    writeFileSync(join(dataDir, 'redis-secret'), `${'ab'.repeat(32)}\n`)
    const store = await world.store(server.url, { dataDir })
    expect(await store.rootSecret()).toEqual(secret)
    expect(words(store)).toEqual(['secret'])
  })
})

describe('the change log in Redis', () => {
  const world = redisWorld()

  test('forgets what is old, and a reader that kept up does not notice', async () => {
    const server = await world.server()
    let aheadMs = 0
    const clock = {
      now: () => systemClock.now() + aheadMs,
      elapsed: () => systemClock.elapsed() + aheadMs,
    }
    const { people } = await world.store(server.url, { clock })
    const start = await people.changesEnd()
    await people.assign(Array.from({ length: 500 }, (_, n) => add(keyOf(n), [[1, FAR]])))
    const { cursor, entries } = await people.changesSince(start, 100_000)
    expect(entries).toHaveLength(500)
    aheadMs = LIMITS.logAgeMaxMs + LIMITS.logTrimEveryMs
    await people.changesSince(cursor, 1)
    await people.changesEnd()
    const client = await world.client(server.url)
    const logs = await client.keys('{p*}:log')
    const lengths = await Promise.all(logs.map((log) => client.xlen(log)))
    expect(Math.max(...lengths)).toBe(1)
    await people.assign([add(keyOf(1), [[2, FAR]])])
    expect(await people.changesSince(cursor, 9)).toMatchObject({
      fellOff: false,
      entries: [{ key: keyOf(1), added: [2] }],
    })
    await people.assign(Array.from({ length: 500 }, (_, n) => add(keyOf(n), [[3, FAR]])))
    expect((await people.changesSince(start, 9)).fellOff).toBe(true)
  })
})

describe('messages counted at their ids', () => {
  const world = redisWorld()

  test('are forgotten there after two days, but not while one is in hand', async () => {
    const server = await world.server()
    const clock = new WoundClock()
    const { events, histories } = await world.store(server.url, { clock })
    const client = await world.client(server.url)
    const NONE = new Uint8Array(0)
    const nothing = { held: NONE, history: NONE, add: [], remove: [] }
    const messages = [keyOf(1)]
    await histories.learn([1, 200].map((n) => ({ key: Buffer.alloc(16, n), ...nothing, messages })))
    const sets = await client.keys('{p*}:seen:*')
    expect(sets).toHaveLength(2)
    // A day after the last on which it is asked for.
    for (const set of sets) expect(await client.ttl(set)).toBeGreaterThan(7.9 * 86_400)
    await events.append([Buffer.from('in hand')])
    const [{ id }] = (await events.read(1)) as [QueuedEvent]
    clock.wind(2 * DAY_MS)
    await events.ack([])
    expect(await client.keys('{p*}:seen:*')).toHaveLength(2)
    await events.ack([id])
    expect(await client.keys('{p*}:seen:*')).toEqual([])
  })
})

async function empty(address: string): Promise<void> {
  const client = connectRedis(address, 'writer', [])
  await once(client, 'ready')
  await client.flushdb()
  client.disconnect()
}
