import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'

// A sale from the offer to the statement, as its two sides and the operator see it: over HTTP only.

const PEOPLE = 1_200
const SOLD = { cars: 'won', readers: 'seen' } as const
const monthNow = () => new Date().toISOString().slice(0, 7)
const BEGUN = monthNow()

let product: Product
/** The buyer's and the seller's own keys. */
let buyer: string
let seller: string

beforeAll(async () => {
  product = await startProduct({ env: { PASSERELLE_WORKERS: '2' } })
  await furnish()
}, 240_000)
afterAll(() => product?.stop())

async function furnish(): Promise<void> {
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  for (const [id, roles] of [
    ['dsp', ['dsp']],
    ['dmp', ['dmp', 'data_provider']],
    ['ssp', ['ssp']],
  ] as const)
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles, region: 'US' })
  for (const id of [...Object.keys(SOLD), 'unsold'])
    await put(`segments/${id}`, { name: id, owner: 'dmp', provenance: 'first_party', ttlDays: 30 })
  const body = { scopes: ['bid', 'data', 'desk'] }
  const keyOf = (id: string) => product.must('POST', `/api/partners/${id}/keys`, { body })
  buyer = (await keyOf('dsp')).key
  seller = (await keyOf('dmp')).key
  const people = Array.from({ length: PEOPLE }, (_, i) => ({
    source: 'dmp',
    uid: `m${i}`,
    add: [...Object.keys(SOLD), 'unsold'],
  }))
  const basis = '?basis=form%207'
  await product.must('POST', `/api/memberships${basis}`, { lines: people, token: seller })
  const match = { source: 'dsp', uid: 'u1', with: { source: 'dmp', uid: 'm1' } }
  await product.must('POST', '/api/matches', { lines: [match] })
}

const request = (imps = ['a']) =>
  JSON.stringify({ id: '1', imp: imps.map((id) => ({ id })), user: { buyeruid: 'u1' } })
const segmentsIn = ({ user }: Answered): string[] =>
  (user.data ?? []).flatMap(({ segment }: Answered) => segment.map(({ id }: Answered) => id)).sort()
/** Answers that carried `readers`: what the buyer's own books say. */
let delivered = 0

async function bid(imps?: string[]): Promise<Answered> {
  const answer = JSON.parse((await product.enrich(buyer, request(imps))).text)
  if (segmentsIn(answer).includes('readers')) delivered++
  return answer
}

const tokenIn = ({ user }: Answered): string =>
  user.data.find(({ ext }: Answered) => ext?.t !== undefined).ext.t

async function notice(kind: string, token: string, more: string): Promise<number> {
  const url = `http://127.0.0.1:${product.gatewayPort}/notice/${kind}?t=${token}&${more}`
  return (await fetch(url)).status
}

/** Units by contract, as one side's key reads them. */
async function usage(token: string): Promise<Record<string, number>> {
  const { items } = await product.must('GET', '/api/usage?from=2020-01-01&to=2099-01-01', { token })
  const units: Record<string, number> = {}
  for (const { contract, units: some } of items) units[contract] = (units[contract] ?? 0) + some
  return units
}

const sumOf = (lines: Answered[], field: string): number =>
  lines.reduce((sum, line) => sum + line[field], 0)

describe('a sale', () => {
  test('begins with offers the buyer finds; nothing of them is in its bids', async () => {
    for (const [segment, how] of Object.entries(SOLD)) {
      const body = {
        seller: 'dmp',
        segments: [segment],
        price: { kind: 'cpm', amountMicros: how === 'won' ? 2_000_000 : 500_000, currency: 'EUR' },
        uses: ['bid_enrichment'],
        visibility: 'private',
        buyers: ['dsp'],
        billOn: how === 'won' ? 'win' : 'delivered',
      }
      await product.must('PUT', `/api/offers/${segment}-offer`, { body })
    }
    const { items } = await product.must('GET', '/api/offers', { token: buyer })
    expect(items.map(({ id }: Answered) => id)).toEqual(['cars-offer', 'readers-offer'])
    expect(segmentsIn(await bid())).toEqual([])
  })

  test('is asked for by the buyer, and gives nothing before both have signed', async () => {
    for (const segment of Object.keys(SOLD)) {
      const body = { contract: segment, endsAt: '2099-01-01', seats: ['seat-1'] }
      const path = `/api/offers/${segment}-offer/request`
      const draft = await product.must('POST', path, { body, token: buyer })
      expect(draft).toMatchObject({ status: 'draft', seller: 'dmp', buyer: 'dsp' })
      await product.must('POST', `/api/contracts/${segment}/sign`, { body: {}, token: buyer })
    }
    expect(segmentsIn(await bid())).toEqual([])
  })

  test('is in the buyer’s bids within a second of the second signature', async () => {
    for (const segment of Object.keys(SOLD)) {
      const path = `/api/contracts/${segment}/sign`
      const signed = await product.must('POST', path, { body: {}, token: seller })
      expect(signed.status).toBe('active')
    }
    const signedMs = performance.now()
    await patiently(async () => expect(segmentsIn(await bid())).toEqual(['cars', 'readers']))
    expect(performance.now() - signedMs).toBeLessThan(1_000)
    expect((await bid()).user.data[0].ext.seats).toEqual(['seat-1'])
  })

  test('counts each answer and each won impression once, and both sides read the same', async () => {
    const answers: Answered[] = []
    for (let i = 0; i < 50; i++) answers.push(await bid(['a', 'b']))
    const token = tokenIn(answers[0])
    for (const [kind, more] of [
      ['win', 'imp=a&price=1.20&cur=EUR'],
      ['win', 'imp=a&price=1.20&cur=EUR'],
      ['billing', 'imp=a&price=1.10&cur=EUR'],
      ['billing', 'imp=b&price=1.30&cur=EUR'],
    ] as const)
      expect(await notice(kind, token, more)).toBeLessThan(300)
    expect(await notice('win', `${token.slice(0, -3)}AAA`, 'imp=a')).toBe(400)
    const wanted = { cars: 2, readers: delivered }
    await patiently(async () => expect(await usage(buyer)).toEqual(wanted))
    expect(await usage(seller)).toEqual(wanted)
  })

  test('ends for the buyer within a second of a revocation, and says what rested on it', async () => {
    const deal = { name: 'D', seller: 'dsp', exchange: 'ssp', audience: { any: ['cars'] } }
    await product.must('PUT', '/api/deals/on-cars', { body: deal })
    const sinceMs = performance.now()
    const revoked = await product.must('POST', '/api/contracts/cars/revoke')
    expect(revoked).toMatchObject({ status: 'revoked', unconfirmed: [] })
    expect(revoked.affected.deals).toMatchObject([{ deal: 'on-cars' }])
    expect(segmentsIn(await bid())).toEqual(['readers'])
    expect(performance.now() - sinceMs).toBeLessThan(1_000)
  })

  test('comes out as a statement that both sides can check', async () => {
    const wanted = { cars: 2, readers: delivered }
    await patiently(async () => expect(await usage(buyer)).toEqual(wanted))
    const lines: Answered[] = []
    for (const month of new Set([BEGUN, monthNow()])) {
      const read = (token: string) => product.must('GET', `/api/statements/${month}`, { token })
      const [bought, sold] = [await read(buyer), await read(seller)]
      expect(bought.items).toEqual(sold.items)
      if (bought.items.length === 0) continue
      lines.push(...bought.items)
      const amountMicros = sumOf(bought.items, 'amountMicros')
      expect(bought.totals).toMatchObject([{ currency: 'EUR', amountMicros }])
      expect(bought.statements).toMatchObject([{ seller: 'dmp', buyer: 'dsp', status: 'open' }])
    }
    for (const [contract, units, amountMicros] of [
      ['cars', 2, 4_000],
      ['readers', delivered, delivered * 500],
    ] as const) {
      const own = lines.filter((line) => line.contract === contract)
      expect(own.every((line) => line.segment === contract && line.currency === 'EUR')).toBe(true)
      expect([sumOf(own, 'units'), sumOf(own, 'amountMicros')]).toEqual([units, amountMicros])
    }
  })

  test('left a log that is whole, and the evidence the sold people rest on', async () => {
    expect(await product.must('GET', '/api/audit/verify')).toMatchObject({ ok: true })
    const { items } = await product.must('GET', '/api/imports', { token: seller })
    expect(items).toMatchObject([{ basis: 'form 7', accepted: PEOPLE }])
  })
})
