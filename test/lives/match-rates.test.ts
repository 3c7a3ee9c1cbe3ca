import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHROME, FIREFOX, imageSync, pathBack, SAFARI } from '../support/edge-house.ts'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'

// Browsers of several classes sync with two partners, one of which then bids; what the desk tells of it is what happened.

let product: Product
let key: string
beforeAll(async () => {
  product = await startProduct({ env: { PASSERELLE_WORKERS: '2' } })
  for (const id of ['north', 'south']) {
    const body = { name: id, domain: `${id}.example`, roles: ['dsp'], region: 'US' }
    const more = imageSync()
    await product.must('PUT', `/api/partners/${id}`, { body: { ...body, ...more } })
  }
  key = (await product.must('POST', '/api/partners/north/keys', { body: {} })).key
}, 240_000)
afterAll(() => product?.stop())

/** A browser with the cookies it was given. */
class Visitor {
  readonly #jar = new Map<string, string>()
  readonly #userAgent: string
  readonly #headers: Record<string, string>

  constructor(userAgent: string, headers: Record<string, string> = {}) {
    this.#userAgent = userAgent
    this.#headers = headers
  }

  async ask(method: string, path: string, body?: string): Promise<Response> {
    const cookie = [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(`http://127.0.0.1:${product.edgePort}${path}`, {
      method,
      headers: { cookie, 'user-agent': this.#userAgent, ...this.#headers },
      ...(body === undefined ? {} : { body }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0]!.split(/=(.*)/s) as [string, string]
      this.#jar.set(name, value)
    }
    return answer
  }

  /** The addresses a page was given, by partner. */
  async visit(): Promise<Record<string, string>> {
    const answer = await this.ask('POST', '/cookie_sync', '{"bidders":["north","south"]}')
    expect(answer.status).toBe(200)
    const { bidder_status } = (await answer.json()) as Answered
    return Object.fromEntries(
      bidder_status.map(({ bidder, usersync }: Answered) => [bidder, usersync.url]),
    )
  }

  async back(url: string, uid: string): Promise<void> {
    expect((await this.ask('GET', pathBack(url, uid))).status).toBe(200)
  }
}

const bid = (uid: string, userAgent: string, more: object = {}) =>
  product.enrich(
    key,
    JSON.stringify({
      id: '1',
      imp: [{ id: '1' }],
      device: { ua: userAgent },
      user: { buyeruid: uid },
      ...more,
    }),
  )

/** The rows that what was done above makes. */
function expectRows(items: Answered[]): void {
  const row = (partner: string, browser: string, namespace: string | null) =>
    items.find(
      (item: Answered) =>
        item.partner === partner && item.browser === browser && item.namespace === namespace,
    )
  expect(row('north', 'chromium', 'north')).toMatchObject({
    offered: { count: 13, of: 13, rate: 1 },
    matched: { count: 7, of: 13, rate: 0.5385 },
    live: { count: 7, of: 20, rate: 0.35 },
    biddable: { count: 5, of: 6, rate: 0.8333 },
    denied: 0,
  })
  expect(row('south', 'chromium', 'south')).toMatchObject({
    offered: { count: 20, of: 20 },
    matched: { count: 0, of: 20, rate: 0 },
    live: { count: 0, of: 20 },
    biddable: { count: 0, of: 0, rate: null },
  })
  expect(row('north', 'safari', 'north')).toMatchObject({
    offered: { count: 0, of: 3, rate: 0 },
    matched: { of: 0, rate: null },
    biddable: { count: 0, of: 1 },
  })
  expect(row('north', 'firefox', 'north')).toMatchObject({ offered: { of: 0 }, denied: 1 })
  expect(row('north', 'chromium', null)).toMatchObject({ biddable: { count: 5, of: 6 } })
  expect(row('north', 'other', null)).toMatchObject({ biddable: { count: 0, of: 1 } })
}

test('what syncs and bids there were is told by partner, browser class and namespace', async () => {
  // Ten on Chrome: both partners are offered to all, north answers seven, south none.
  const chromes = Array.from({ length: 10 }, () => new Visitor(CHROME))
  for (const [i, visitor] of chromes.entries()) {
    const urls = await visitor.visit()
    if (i < 7) await visitor.back(urls['north']!, `n-${i}`)
  }
  // They come again: seven are matched with north.
  for (const visitor of chromes) await visitor.visit()
  // Three on Safari keep no third-party cookies: nothing is offered. One on Firefox says no by GPC.
  for (let i = 0; i < 3; i++) await new Visitor(SAFARI).visit()
  await new Visitor(FIREFOX, { 'sec-gpc': '1' }).visit()
  // Bids of north: five of people it was matched with, two of strangers, one test, one nobody may be looked up for.
  for (let i = 0; i < 5; i++) await bid(`n-${i}`, CHROME)
  await bid('stranger', CHROME)
  await bid('stranger', SAFARI)
  await bid('n-0', CHROME, { test: 1 })
  await bid('n-0', CHROME, { regs: { coppa: 1 } })
  await product.enrich(key, '{"id":"1","imp":[{"id":"1"}]}')

  // The edge and each bid process write what they counted on their own: all of it is waited for.
  const rates = await patiently(async () => {
    const page = await product.must('GET', '/api/matchrates')
    const found = page.items.filter(({ namespace }: Answered) => namespace === null)
    const bids = found.reduce((sum: number, { biddable }: Answered) => sum + biddable.of, 0)
    expect(bids).toBe(8)
    expectRows(page.items)
    return page
  })
  expect(rates.definitions).toMatchObject({ biddable: expect.stringContaining('Bid requests') })
}, 120_000)
