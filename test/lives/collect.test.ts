import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../console/limits.ts'
import { patiently } from '../support/patiently.ts'
import { type Product, startProduct } from '../support/product.ts'
import { startRedisServer } from '../support/redis-server.ts'

// From a visitor's searches to the next bid request, with processes that die on the way.

const PEOPLE = 12
const TIMES = 4
const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const stores = {
  'the embedded store': async () => undefined,
  Redis: async () => {
    const redis = await startRedisServer()
    closers.push(() => redis.stop())
    return redis.url
  },
}

describe.each(Object.entries(stores))('a life over %s', (_, storeOf) => {
  test('nothing acknowledged is lost and nothing counts twice, whoever is killed when', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-collect-'))
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
    const store = await storeOf()
    const options = { dataDir, ...(store ? { store } : {}) }
    let product = await startProduct(options)
    closers.push(() => product.stop())
    const { buyer, writeKey } = await furnish(product)
    // The desk dies in the middle of a file, and events go on to be acknowledged.
    const importing = await halfImported(product)
    process.kill(product.pidOf('desk'), 'SIGKILL')
    await expect(importing.answer).rejects.toThrow()
    await sendAll(product, writeKey, 0, TIMES / 2)
    const interrupted = { what: 'events', outcome: 'interrupted', accepted: LIMITS.batchLines }
    await patiently(async () => {
      const { items } = await product.must('GET', '/api/imports')
      expect(items).toMatchObject([interrupted, { what: 'matches', outcome: 'complete' }])
    })
    // Everything dies in the moment the last of them is.
    await sendAll(product, writeKey, TIMES / 2, TIMES)
    await product.kill()
    product = await startProduct(options)
    await patiently(async () => expect(await members(product, buyer)).toBe(PEOPLE))
    // A sender that did not hear the answer says it all again: it would be one too many.
    await sendAll(product, writeKey, 0, TIMES)
    await send(product, writeKey, { userId: 'last', event: 'searched', messageId: 'last' })
    await untilCounted(product)
    expect(await members(product, buyer)).toBe(PEOPLE)
  }, 240_000)
})

/** A rule that holds for exactly so many events. Returns the buyer's key and the source's. */
async function furnish(product: Product): Promise<{ buyer: string; writeKey: string }> {
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  for (const [id, roles] of [
    ['dsp', ['dsp']],
    ['dmp', ['dmp']],
  ] as const)
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles, region: 'US' })
  const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
  await put('sources/shop', { name: 'Shop', kind: 'web', owner: 'dmp', namespaces })
  const when = 'event == "searched"'
  await put('traits/searched', { name: 'Searched', owner: 'dmp', when, ttlDays: 30 })
  const segment = { name: 'Exactly so often', owner: 'dmp', provenance: 'third_party', ttlDays: 30 }
  await put('segments/exact', { ...segment, rule: `FREQUENCY([searched]) == ${TIMES}` })
  await put('contracts/c', {
    ...{ seller: 'dmp', buyer: 'dsp', segments: ['exact'], uses: ['bid_enrichment'] },
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    ...{ startsAt: '2020-01-01', endsAt: '2099-01-01', status: 'active' },
  })
  const lines = Array.from({ length: PEOPLE }, (_, i) => ({
    source: 'shop.anon',
    uid: `a${i}`,
    with: { source: 'dsp', uid: `d${i}` },
  }))
  await product.must('POST', '/api/matches', { lines })
  const buyer = (await product.must('POST', '/api/partners/dsp/keys', { body: {} })).key
  const writeKey = (await product.must('POST', '/api/sources/shop/keys', { body: {} })).key
  return { buyer, writeKey }
}

/** A file of events of which so much was sent, and taken in, as is written at once. */
async function halfImported(product: Product): Promise<{ answer: Promise<unknown> }> {
  const rows = Array.from({ length: LIMITS.batchLines }, (_, i) => ({
    userId: `i${i}`,
    event: 'seen',
  }))
  async function* half() {
    yield Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    await new Promise(() => {})
  }
  const answer = product.must('POST', '/api/events?source=shop', { stream: half() })
  answer.catch(() => {})
  await patiently(() => {
    const kept = readFileSync(join(product.dataDir, 'imports-under-way.json'), 'utf8')
    expect(JSON.parse(kept)[0].details.accepted).toBe(rows.length)
  })
  return { answer }
}

/** The events `from` … `to` of everybody, each answered 200. */
async function sendAll(
  product: Product,
  writeKey: string,
  from: number,
  to: number,
): Promise<void> {
  for (let n = from; n < to; n++)
    await Promise.all(
      Array.from({ length: PEOPLE }, (_, i) =>
        send(product, writeKey, {
          ...{ anonymousId: `a${i}`, event: 'searched', messageId: `m-${i}-${n}` },
        }),
      ),
    )
}

async function send({ edgePort }: Product, writeKey: string, message: object): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${edgePort}/v1/track`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` },
    body: JSON.stringify(message),
  })
  expect([answer.status, await answer.json()]).toEqual([200, { success: true }])
}

/** How many of the people bids are enriched for. */
async function members(product: Product, buyer: string): Promise<number> {
  let count = 0
  for (let i = 0; i < PEOPLE; i++) {
    const body = `{"id":"1","imp":[{"id":"1"}],"user":{"buyeruid":"d${i}"}}`
    const { text } = await product.enrich(buyer, body)
    if (text.includes('"exact"')) count++
  }
  return count
}

/** The desk has seen to all that was queued: the repeated ones, and the one behind them. */
async function untilCounted(product: Product): Promise<void> {
  await patiently(async () => {
    const text = await (await fetch(`http://127.0.0.1:${product.consolePort}/metrics`)).text()
    const [, repeated] = /passerelle_events_total\{outcome="repeated"[^}]*\} (\d+)/.exec(text) ?? []
    expect(Number(repeated)).toBeGreaterThanOrEqual(PEOPLE * TIMES)
  })
}
