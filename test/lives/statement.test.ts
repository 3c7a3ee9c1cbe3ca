import { afterAll, beforeAll, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'

// A statement of a share of the media price, through every process of the product, each side with a key of its own.

let product: Product
const keys: Record<string, string> = {}
/** The day on which the answer was given that is billed. */
let day = ''

beforeAll(async () => {
  product = await startProduct()
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  for (const [id, role] of [
    ['dsp', 'dsp'],
    ['dmp', 'data_provider'],
    ['rival', 'dsp'],
  ] as const) {
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles: [role], region: 'US' })
    const body = { scopes: ['bid', 'data', 'desk'] }
    keys[id] = (await product.must('POST', `/api/partners/${id}/keys`, { body })).key
  }
  for (const id of ['cars', 'vans'])
    await put(`segments/${id}`, { name: id, owner: 'dmp', provenance: 'third_party', ttlDays: 30 })
  const lines = [{ source: 'dsp', uid: 'u-1', add: ['cars', 'vans'] }]
  await product.must('POST', '/api/memberships', { lines })
}, 240_000)
afterAll(() => product?.stop())

const as = (partner: string, body?: object) => ({
  token: keys[partner]!,
  ...(body ? { body } : {}),
})

test('notices of what was used, at which price, come out as a statement that both sides read alike', async () => {
  await product.must('PUT', '/api/offers/autumn', {
    body: {
      seller: 'dmp',
      segments: ['cars', 'vans'],
      uses: ['bid_enrichment'],
      price: {
        kind: 'percent_media',
        amountMicros: 300_000,
        currency: 'EUR',
        capMicros: 2_000_000,
      },
      discounts: { dsp: 5_000 },
      billOn: 'win',
      minPeople: 0,
    },
  })
  const request = as('dsp', { contract: 'sale', endsAt: '2099-01-01' })
  await product.must('POST', '/api/offers/autumn/request', request)
  for (const side of ['dsp', 'dmp'])
    await product.must('POST', '/api/contracts/sale/sign', as(side, {}))

  const token = await patiently(async () => {
    const body = { id: '1', imp: [{ id: 'a' }, { id: 'b' }], user: { buyeruid: 'u-1' } }
    const { user } = JSON.parse((await product.enrich(keys['dsp']!, JSON.stringify(body))).text)
    expect(user.data[0].ext.t).toBeTypeOf('string')
    day = new Date().toISOString().slice(0, 10)
    return user.data[0].ext.t as string
  })
  const notice = async (kind: string, more: Record<string, string>) => {
    const query = new URLSearchParams({ t: token, cur: 'EUR', ...more })
    const url = `http://127.0.0.1:${product.gatewayPort}/notice/${kind}?${query}`
    expect((await fetch(url)).status).toBe(204)
  }
  await notice('win', { imp: 'a', price: '9' })
  await notice('billing', { imp: 'a', price: '4', used: 'cars' })
  await notice('win', { imp: 'b', price: '20' })
  await notice('win', { imp: 'b', price: '20' })
  await notice('loss', { imp: 'c' })

  const statement = (partner: string) =>
    product.must('GET', `/api/statements/${day.slice(0, 7)}`, as(partner))
  // 15 % of 4, and of 20 at most the discounted cap of 1: per 1,000 impressions.
  await patiently(async () => {
    const { items, told } = await statement('dmp')
    expect(items.map(lineOf)).toEqual(['cars 2 1600 exchange 2', 'vans 1 1000 exchange 1'])
    // Noted by itself: it may be counted after what was won.
    expect(told).toEqual([{ seller: 'dmp', buyer: 'dsp', contract: 'sale', lost: 1, conflicts: 0 }])
  })
  expect(await statement('dsp')).toEqual(await statement('dmp'))
  const { items, statements } = await statement('dsp')
  expect(items[0]).toMatchObject({ listMicros: 300_000, priceMicros: 150_000 })
  expect(statements.map(({ status }: Answered) => status)).toEqual(['open'])
  expect((await statement('rival')).statements).toEqual([])
  await expect(product.must('GET', '/api/usage?contract=sale', as('rival'))).rejects.toThrow(
    ' 404 ',
  )
}, 60_000)

test('the buyer’s own count, through the desk’s ledger, is held beside ours', async () => {
  const line = { id: 'own-1', contract: 'sale', segment: 'cars', day, units: 2 }
  const report = { lines: [line], token: keys['dsp']! }
  for (const _ of [1, 2])
    expect(await product.must('POST', '/api/usage/reports', report)).toMatchObject({ accepted: 1 })
  const path = `/api/statements/${day.slice(0, 7)}/reconciliation?contract=sale`
  await patiently(async () => {
    const { items } = await product.must('GET', path, as('dmp'))
    expect(items.map(({ segment, agreement }: Answered) => `${segment} ${agreement}`)).toEqual([
      'cars same',
      'vans not_reported',
    ])
  })
})

function lineOf({ segment, units, amountMicros, witnesses }: Answered): string {
  return `${segment} ${units} ${amountMicros} ${Object.entries(witnesses).flat().join(' ')}`
}
