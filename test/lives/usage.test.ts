import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'

// From an enriched answer to what `GET /api/usage` says of it, through every process of the product. What
// survives kills is usage-survives.test.ts.

const SALE = {
  seller: 'dmp',
  buyer: 'dsp',
  price: { kind: 'cpm', amountMicros: 2_000_000, currency: 'EUR' },
  uses: ['bid_enrichment'],
  startsAt: '2020-01-01',
  endsAt: '2099-01-01',
  status: 'active',
}

let product: Product
let key: string

beforeAll(async () => {
  product = await startHere()
  key = await furnish()
}, 240_000)
afterAll(async () => {
  await product?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** On a folder that outlives one start. */
const folder = mkdtempSync(join(tmpdir(), 'passerelle-usage-'))
const startHere = () => startProduct({ store: `embedded:${folder}`, dataDir: folder })

async function furnish(): Promise<string> {
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  for (const [id, role] of [
    ['ssp', 'ssp'],
    ['dsp', 'dsp'],
    ['dmp', 'data_provider'],
    ['curator', 'publisher'],
  ] as const)
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles: [role], region: 'US' })
  for (const id of ['shown', 'won', 'billed', 'curated'])
    await put(`segments/${id}`, { name: id, owner: 'dmp', provenance: 'third_party', ttlDays: 30 })
  await put('contracts/on-delivery', { ...SALE, segments: ['shown'], billOn: 'delivered' })
  await put('contracts/on-win', { ...SALE, segments: ['won'], billOn: 'win' })
  await put('contracts/on-billing', { ...SALE, segments: ['billed'] })
  const curated = { buyer: 'curator', segments: ['curated'], billOn: 'win' }
  await put('contracts/for-deals', { ...SALE, ...curated })
  await put('deals/fine', {
    name: 'Fine',
    seller: 'curator',
    exchange: 'ssp',
    audience: { all: ['curated'] },
  })
  const lines = ['shown', 'won', 'billed', 'curated'].map((id) => ({
    source: 'dsp',
    uid: `u-${id}`,
    add: [id],
  }))
  await product.must('POST', '/api/memberships', { lines })
  const body = { exchange: 'ssp' }
  return (await product.must('POST', '/api/partners/dsp/keys', { body })).key
}

async function enriched(uid: string, more: object = {}): Promise<Answered> {
  const body = { id: '1', imp: [{ id: 'a' }, { id: 'b' }], user: { buyeruid: uid }, ...more }
  const { text } = await product.enrich(key, JSON.stringify(body))
  return JSON.parse(text)
}

/** The token of an answer that carries one, in a Data object or a deal. */
async function token(uid: string, more: object = {}): Promise<string> {
  return patiently(async () => {
    const { user, imp } = await enriched(uid, more)
    const t = user.data?.[0].ext?.t ?? imp[0].pmp?.deals[0].ext?.t
    expect(t).toBeTypeOf('string')
    return t
  })
}

async function notice(kind: string, t: string, more: Record<string, string> = {}): Promise<number> {
  const query = new URLSearchParams({ t, ...more })
  return (await fetch(`http://127.0.0.1:${product.gatewayPort}/notice/${kind}?${query}`)).status
}

/** Units and micros of a contract, over all its lines. */
async function usage(contract: string): Promise<{ units: number; micros: number }> {
  const query = `contract=${contract}&from=2020-01-01&to=2099-01-01`
  const { items } = await product.must('GET', `/api/usage?${query}`)
  const sum = (field: string) => items.reduce((all: number, one: Answered) => all + one[field], 0)
  return { units: sum('units'), micros: sum('amountMicros') }
}

const becomes = (contract: string, expected: object) =>
  patiently(async () => expect(await usage(contract)).toMatchObject(expected))

describe('units', () => {
  test('of a contract billed on wins: two impressions are two, win and billing of one are one', async () => {
    const t = await token('u-won')
    const wins = [
      await notice('win', t, { imp: 'a', price: '2.50', cur: 'EUR' }),
      await notice('win', t, { imp: 'b' }),
      await notice('billing', t, { imp: 'b' }),
      await notice('win', t, { imp: 'a', price: '2.50', cur: 'EUR' }),
      await notice('loss', t, { imp: 'a' }),
    ]
    expect(wins).toEqual([204, 204, 204, 204, 204])
    await becomes('on-win', { units: 2, micros: 4_000 })
  })

  test('of a contract billed on billing notices: a win alone is none, and a test is none', async () => {
    const [t, tested] = [await token('u-billed'), await token('u-billed', { test: 1 })]
    await notice('win', t, { imp: 'a' })
    expect(await notice('billing', tested, { imp: 'a' })).toBe(204)
    await notice('billing', t, { imp: 'b' })
    await becomes('on-billing', { units: 1, micros: 2_000 })
  })

  test('of a deal are its seller’s', async () => {
    await notice('win', await token('u-curated'), { imp: 'a' })
    await becomes('for-deals', { units: 1 })
  })
})

test('a product that ends in good order loses nothing of what it answered', async () => {
  let given = 0
  while (given < 50) if ((await enriched('u-shown')).user.data?.length === 1) given++
  await product.stop()
  product = await startHere()
  await becomes('on-delivery', { units: given })
})
