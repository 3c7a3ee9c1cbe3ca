import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../audience/store/limits.ts'
import { connectRedis, type RedisClient } from '../../audience/store/redis/ioredis.ts'
import { tallyKeys } from '../../audience/store/redis/layout.ts'
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { makeSale, SALE } from './sale.ts'

// One product on a Redis that has a replica. First Redis stands still, then it fails over and loses what it answered.

let master: RedisServer
let replica: RedisServer
let proxy: ChaosProxy
let product: Product
let key: string
const clients: RedisClient[] = []

beforeAll(async () => {
  master = await startRedisServer()
  replica = await startRedisServer()
  proxy = await startChaosProxy(master.port)
  product = await startProduct({ store: `redis://127.0.0.1:${proxy.port}/0` })
  key = await makeSale(product, {
    segments: { cars: 'dmp', won: 'dmp', own: 'dsp' },
    contracts: {
      delivered: { ...SALE, segments: ['cars'], billOn: 'delivered' },
      won: { ...SALE, segments: ['won'], billOn: 'win' },
    },
    people: { u1: ['cars', 'own'], u2: ['won'] },
  })
}, 240_000)
afterAll(async () => {
  for (const client of clients) client.disconnect()
  await product?.stop()
  await proxy?.stop()
  await master?.stop()
  await replica?.stop()
})

/** Asks again where a busy machine answers 429. */
async function data(uid: string): Promise<Answered[]> {
  const body = JSON.stringify({ id: '1', imp: [{ id: 'a' }], user: { buyeruid: uid } })
  const { status, text } = await product.enrich(key, body)
  if (status !== 200) return data(uid)
  return (JSON.parse(text) as Answered).user.data ?? []
}

/** Answers that gave the shared segment so far: all of them came through, so all of them count. */
let given = 0

async function segments(): Promise<string[]> {
  const all = (await data('u1')).flatMap(({ segment }) => segment.map(({ id }: Answered) => id))
  if (all.includes('cars')) given++
  return all.sort()
}

const gives = (ids: string[]) => patiently(async () => expect(await segments()).toEqual(ids))

/**
 * Resolves when the bid process has read the change log to its end: what it then takes into its
 * near-cache stays there. Somebody it took for a stranger is imported, and is known once it has.
 */
async function heardOfAll(): Promise<void> {
  expect(await data('u3')).toEqual([])
  await product.must('POST', '/api/memberships', {
    lines: [{ source: 'dsp', uid: 'u3', add: ['own'] }],
  })
  await patiently(async () => expect(await data('u3')).toHaveLength(1))
}

async function units(): Promise<Record<string, number>> {
  const { items } = await product.must('GET', '/api/usage?from=2020-01-01&to=2099-01-01')
  const sums: Record<string, number> = {}
  for (const { contract, units: some } of items as Answered[])
    sums[contract] = (sums[contract] ?? 0) + some
  return sums
}

const counts = (won: number) =>
  patiently(async () => expect(await units()).toEqual({ delivered: given, won }))

/** So many answers with the shared segment, and as many impressions won. */
async function use(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await patiently(async () => expect(await segments()).toContain('cars'))
    // Who was not asked for yet is read from Redis: on a busy machine too late for the first answer.
    const token = await patiently(async () => (await data('u2'))[0].ext.t)
    const url = `http://127.0.0.1:${product.gatewayPort}/notice/win?t=${token}&imp=a`
    expect((await fetch(url)).status).toBe(204)
  }
}

async function client(server: RedisServer): Promise<RedisClient> {
  const one = connectRedis(server.url, 'writer', [])
  clients.push(one)
  await once(one, 'ready')
  return one
}

/** Records applied, over all streams. */
async function applied(on: RedisClient): Promise<number> {
  const positions = await on.hvals(tallyKeys('0').applied)
  return positions.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0)
}

describe('a process cut off from Redis', () => {
  test('stops what is shared within five seconds, goes on with its owner’s own, and gives both again after', async () => {
    await heardOfAll()
    await gives(['cars', 'own'])
    master.pause()
    const cutMs = performance.now()
    let lastSharedMs = cutMs
    while (performance.now() - lastSharedMs < 1_000) {
      const ids = await segments()
      expect(ids).toContain('own')
      if (ids.includes('cars')) lastSharedMs = performance.now()
    }
    expect(lastSharedMs - cutMs).toBeLessThanOrEqual(LIMITS.catalogConfirmWithinMs)
    expect(await segments()).toEqual(['own'])
    master.resume()
    await gives(['cars', 'own'])
  }, 60_000)
})

describe('a failover of Redis that loses acknowledged writes', () => {
  test('loses no usage and counts none twice', async () => {
    const [onMaster, onReplica] = [await client(master), await client(replica)]
    await onReplica.replicaof('127.0.0.1', master.port)
    await patiently(async () =>
      expect(await onReplica.info('replication')).toMatch(/link_status:up/),
    )
    await use(20)
    await counts(20)
    await onMaster.wait(1, 10_000)

    // The replica stands still and is cut off, writes are answered, the master dies.
    replica.pause()
    await onMaster.call('CLIENT', 'KILL', 'TYPE', 'replica')
    await use(30)
    await counts(50)
    const known = await applied(onMaster)
    await master.kill()
    replica.resume()
    await onReplica.replicaof('NO', 'ONE')
    expect(await applied(onReplica)).toBeLessThan(known)
    proxy.retarget(replica.port)

    await counts(50)
    await gives(['cars', 'own'])
    await use(5)
    await counts(55)
  }, 120_000)
})
