import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../audience/store/limits.ts'
import { type ChaosProxy, startChaosProxy } from '../support/chaos-proxy.ts'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'

// Two gateways on one Redis, as they are started by hand. A revocation at one is felt at both.

const BODY = '{"id":"1","imp":[{"id":"1"}],"user":{"buyeruid":"u1"}}'
const CONTRACT = {
  seller: 'dmp',
  buyer: 'dsp',
  segments: ['cars', 'boats'],
  price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
  uses: ['bid_enrichment'],
  startsAt: '2020-01-01',
  endsAt: '2099-01-01',
  status: 'active',
}

let redis: RedisServer
let proxy: ChaosProxy
let near: Product
/** Reaches Redis over a line that can be cut. */
let far: Product
let key: string

beforeAll(async () => {
  redis = await startRedisServer()
  proxy = await startChaosProxy(redis.port)
  near = await startProduct({ store: redis.url })
  far = await startProduct({ store: `redis://127.0.0.1:${proxy.port}/0` })
  key = await furnish(near)
}, 240_000)
afterAll(async () => {
  await near?.stop()
  await far?.stop()
  await proxy?.stop()
  await redis?.stop()
})

async function furnish(product: Product): Promise<string> {
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  for (const [id, roles] of [
    ['dsp', ['dsp']],
    ['dmp', ['data_provider']],
  ] as const)
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles, region: 'US' })
  for (const [id, owner] of [
    ['cars', 'dmp'],
    ['boats', 'dmp'],
    ['own', 'dsp'],
  ] as const)
    await put(`segments/${id}`, { name: id, owner, provenance: 'third_party', ttlDays: 30 })
  await put('partners/ssp', { name: 'ssp', domain: 'ssp.example', roles: ['ssp'], region: 'US' })
  await put('deals/sea', {
    name: 'Sea',
    seller: 'dsp',
    exchange: 'ssp',
    audience: { any: ['boats'] },
  })
  const lines = [{ source: 'dsp', uid: 'u1', add: ['cars', 'boats', 'own'] }]
  await product.must('POST', '/api/memberships', { lines })
  return (await product.must('POST', '/api/partners/dsp/keys', { body: {} })).key
}

const activate = (id: string) => near.must('PUT', `/api/contracts/${id}`, { body: CONTRACT })
const segmentsIn = ({ text }: { text: string }): string[] =>
  (JSON.parse(text).user.data ?? []).flatMap((data: Answered) =>
    data.segment.map((segment: Answered) => segment.id),
  )
const segments = async (product: Product) => segmentsIn(await product.enrich(key, BODY)).sort()
const serves = (product: Product, ids: string[]) =>
  patiently(async () => expect(await segments(product)).toEqual(ids))

/** Asks without pause until `span.ms` after the last shared answer; when that came, from `sinceMs`. */
async function lastShared(product: Product, sinceMs: number): Promise<number> {
  let lastMs = sinceMs
  for (;;) {
    const isShared = (await segments(product)).includes('cars')
    const nowMs = performance.now()
    if (isShared) lastMs = nowMs
    if (nowMs - lastMs > 300 || nowMs - sinceMs > 10_000) return lastMs - sinceMs
  }
}

describe('a revoked contract', () => {
  test('is out of every answer of both gateways within a second, and the answer names each process', async () => {
    await activate('spring')
    await Promise.all([
      serves(near, ['boats', 'cars', 'own']),
      serves(far, ['boats', 'cars', 'own']),
    ])
    const sinceMs = performance.now()
    const [revoked, ...lastMs] = await Promise.all([
      near.must('POST', '/api/contracts/spring/revoke'),
      lastShared(near, sinceMs),
      lastShared(far, sinceMs),
    ])
    for (const ms of lastMs) expect(ms).toBeLessThanOrEqual(1_000)
    expect(revoked.status).toBe('revoked')
    expect(revoked.unconfirmed).toEqual([])
    const names = revoked.acknowledged.map(({ process }: Answered) => process).sort()
    expect(names).toEqual(['bid 1', 'bid 1', 'desk', 'desk', 'edge', 'edge'])
    const instances = new Set(revoked.acknowledged.map(({ instance }: Answered) => instance))
    expect(instances.size).toBe(2)
    for (const { ms } of revoked.acknowledged) expect(ms).toBeLessThanOrEqual(1_000)
    expect(revoked.affected).toMatchObject({
      segments: [
        { segment: 'boats', otherwise: [] },
        { segment: 'cars', otherwise: [] },
      ],
      deals: [{ deal: 'sea', segments: ['boats'], withheld: true }],
    })
    const { items } = await near.must('GET', '/api/audit?limit=2')
    expect(items.map(({ verb }: Answered) => verb)).toEqual(['confirmRevocation', 'revokeContract'])
    expect(items[0].details).toMatchObject({ acknowledged: 6, unconfirmed: 0 })
  })

  test('a process that stands still is named as unconfirmed, and has taken it over once it goes on and says so', async () => {
    await activate('summer')
    await Promise.all([
      serves(near, ['boats', 'cars', 'own']),
      serves(far, ['boats', 'cars', 'own']),
    ])
    const pid = far.pidOf('bid 1')
    process.kill(pid, 'SIGSTOP')
    try {
      const revoked = await near.must('POST', '/api/contracts/summer/revoke')
      expect(revoked.unconfirmed.map(({ process }: Answered) => process)).toEqual(['bid 1'])
      expect(revoked.acknowledged).toHaveLength(5)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const again = await near.must('POST', '/api/contracts/summer/revoke')
    expect(again.unconfirmed).toEqual([])
    expect(await segments(far)).toEqual(['own'])
  })

  test('a gateway cut off from Redis stops what is shared within five seconds, and goes on with its owner’s own', async () => {
    await activate('autumn')
    await serves(far, ['boats', 'cars', 'own'])
    const cutMs = performance.now()
    await proxy.stop()
    await near.must('POST', '/api/contracts/autumn/revoke')
    await serves(near, ['own'])
    await serves(far, ['own'])
    const lastMs = performance.now() - cutMs
    expect(lastMs).toBeLessThanOrEqual(LIMITS.catalogConfirmWithinMs + 1_000)
  })
})
