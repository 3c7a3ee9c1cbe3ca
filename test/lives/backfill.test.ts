import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { type Answered, type Product, startProduct } from '../support/product.ts'

// A segment is filled from what is known of thousands, with a desk that dies on the way and bids that go on.

const PEOPLE = 4_000
const BATCH = 500
const WAIT = { timeout: 90_000, interval: 100 }
const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

test('a filling outlives kill -9, stays paused, ends with everybody, and bids are answered meanwhile', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-backfill-'))
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
  let product = await startProduct({ dataDir })
  closers.push(() => product.stop())
  const { buyer, writeKey } = await furnish(product)
  await search(product, writeKey)
  await vi.waitFor(async () => expect(await counted(product)).toBe(PEOPLE), WAIT)
  await rule(product, 'known', 'searched')
  await vi.waitFor(async () => expect((await filling(product, 'known')).matched).toBe(PEOPLE), WAIT)
  const paused = await pausedOnTheWay(product)
  await product.kill()
  product = await startProduct({ dataDir })
  const { asked, matched, share } = await filling(product, 'more')
  expect({ asked, matched, share }).toEqual({
    ...{ asked: paused.asked, matched: paused.matched, share: paused.share },
  })
  expect((await filling(product, 'more')).state).toBe('paused')
  await product.must('POST', '/api/segments/more/backfill/resume')
  let answers = 0
  await vi.waitFor(async () => {
    for (let i = 0; i < 20; i++, answers++) {
      const { status, text } = await product.enrich(buyer, bidOf(i))
      expect([status, text.includes('"known"')]).toEqual([200, true])
    }
    expect((await filling(product, 'more')).state).toBe('done')
  }, WAIT)
  expect(answers).toBeGreaterThan(0)
  expect(await filling(product, 'more')).toMatchObject({ matched: PEOPLE, share: 1 })
}, 240_000)

function filling(product: Product, segment: string): Promise<Answered> {
  return product.must('GET', `/api/segments/${segment}/backfill`)
}

function bidOf(i: number): string {
  return `{"id":"1","imp":[{"id":"1"}],"user":{"buyeruid":"d${i}"}}`
}

/** Where the test is too slow to catch it on the way, the rule is changed once more. */
async function pausedOnTheWay(product: Product): Promise<Answered> {
  let paused: Answered
  let days = 1
  await vi.waitFor(async () => {
    await rule(product, 'more', `FREQUENCY([searched] <= ${++days}D) >= 1`)
    paused = await product.must('POST', '/api/segments/more/backfill/pause')
    expect(paused.state).toBe('paused')
  }, WAIT)
  expect(paused.state).toBe('paused')
  return paused
}

function rule(product: Product, id: string, text: string): Promise<Answered> {
  const body = { name: id, owner: 'dmp', provenance: 'third_party', ttlDays: 30, rule: text }
  return product.must('PUT', `/api/segments/${id}`, { body })
}

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
  const segment = { name: 'Known', owner: 'dmp', provenance: 'third_party', ttlDays: 30 }
  await put('segments/known', segment)
  await put('contracts/c', {
    ...{ seller: 'dmp', buyer: 'dsp', segments: ['known'], uses: ['bid_enrichment'] },
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    ...{ startsAt: '2020-01-01', endsAt: '2099-01-01', status: 'active' },
  })
  const lines = Array.from({ length: 20 }, (_, i) => ({
    source: 'shop.anon',
    uid: `a${i}`,
    with: { source: 'dsp', uid: `d${i}` },
  }))
  await product.must('POST', '/api/matches', { lines })
  const buyer = (await product.must('POST', '/api/partners/dsp/keys', { body: {} })).key
  const writeKey = (await product.must('POST', '/api/sources/shop/keys', { body: {} })).key
  return { buyer, writeKey }
}

/** Events the desk has counted. */
async function counted({ consolePort }: Product): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${consolePort}/metrics`)).text()
  return Number(/passerelle_events_total\{outcome="counted"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0)
}

/** Everybody searched once. */
async function search(product: Product, writeKey: string): Promise<void> {
  for (let from = 0; from < PEOPLE; from += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => ({
      ...{ type: 'track', event: 'searched', anonymousId: `a${from + i}` },
      messageId: `m${from + i}`,
    }))
    const answer = await fetch(`http://127.0.0.1:${product.edgePort}/v1/batch`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}` },
      body: JSON.stringify({ batch }),
    })
    expect([answer.status, await answer.json()]).toEqual([200, { success: true }])
  }
}
