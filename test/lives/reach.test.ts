import { afterAll, beforeAll, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'

// A segment is sold to a DSP, which bids for one of its three people and is billed; the desk tells how far the
// segment reached.

let product: Product
let key: string
beforeAll(async () => {
  product = await startProduct({ env: { PASSERELLE_WORKERS: '2' } })
  const partner = (id: string, role: string) => {
    const body = { name: id, domain: `${id}.example`, roles: [role], region: 'US' }
    return product.must('PUT', `/api/partners/${id}`, { body })
  }
  await partner('north', 'dsp')
  await partner('data', 'data_provider')
  const segment = { name: 'cars', owner: 'data', provenance: 'third_party', ttlDays: 30 }
  await product.must('PUT', '/api/segments/cars', { body: segment })
  await product.must('PUT', '/api/contracts/autumn', {
    body: {
      ...{ seller: 'data', buyer: 'north', segments: ['cars'], uses: ['bid_enrichment'] },
      price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
      ...{ startsAt: '2020-01-01', endsAt: '2099-01-01', status: 'active' },
    },
  })
  const people = ['d1', 'd2', 'd3'].map((uid) => ({ source: 'data', uid, add: ['cars'] }))
  await product.must('POST', '/api/memberships', { lines: people })
  const synced = ['d1', 'd2'].map((uid) => ({
    ...{ source: 'data', uid, with: { source: 'north', uid: `n-${uid}` } },
  }))
  await product.must('POST', '/api/matches', { lines: synced })
  key = (await product.must('POST', '/api/partners/north/keys', { body: {} })).key
}, 240_000)
afterAll(() => product?.stop())

const reach = () => product.must('GET', '/api/reach?segments=cars&partner=north')

test('total, synced, delivered, seen and won are what happened', async () => {
  expect((await reach()).couples).toMatchObject([
    { total: 3, synced: { count: 2, of: 3 }, delivered: { count: 0 }, seen: { count: 0 }, won: 0 },
  ])
  const token = await patiently(async () => {
    const request = { id: '1', imp: [{ id: '1' }], user: { buyeruid: 'n-d1' } }
    const { text } = await product.enrich(key, JSON.stringify(request))
    const { user } = JSON.parse(text) as Answered
    return user.data[0].ext.t as string
  })
  const told = `http://127.0.0.1:${product.gatewayPort}/notice/billing?t=${encodeURIComponent(token)}`
  expect((await fetch(told)).status).toBeLessThan(300)
  await patiently(async () => {
    expect((await reach()).couples).toMatchObject([
      { total: 3, delivered: { count: 1, of: 3 }, seen: { count: 1, of: 3 }, won: 1 },
    ])
  })
})

test('who is erased is in no count', async () => {
  const body = { source: 'data', uid: 'd1', reason: 'asked by letter' }
  await product.must('POST', '/api/people/erase', { body })
  expect((await reach()).couples).toMatchObject([
    { total: 2, synced: { count: 1 }, delivered: { count: 0 }, seen: { count: 0 }, won: 1 },
  ])
})
