import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Product, startProduct } from '../support/product.ts'
import { adWorld, makeAdWorld, uidOf } from '../support/web/ad-world.ts'
import { type Chromium, type ChromiumOptions, startChromium } from '../support/web/browser.ts'
import { type Visit, Web } from '../support/web/web.ts'

// Unmodified clients in a real browser, on a publisher's page, with the product as it is started.

const EDGE = 'edge.example'
const MAIN = '__Secure-psr'
const TWIN = '__Host-psr-site'
const PATIENT = 240_000

let product: Product
let key: string
beforeAll(async () => {
  product = await startProduct({ env: { PASSERELLE_EDGE_URL: `https://${EDGE}` } })
  key = await makeAdWorld(product)
}, PATIENT)
afterAll(() => product?.stop())

/** A browser of its own, and what it saw of the web. */
class Visitor {
  readonly web: Web
  readonly #chromium: Chromium
  readonly page: Page

  private constructor(web: Web, chromium: Chromium, page: Page) {
    this.web = web
    this.#chromium = chromium
    this.page = page
  }

  static async open(thirdPartyCookies: ChromiumOptions['thirdPartyCookies']): Promise<Visitor> {
    const web = await Web.open(adWorld(product.edgePort))
    const chromium = await startChromium({ webPort: web.port, thirdPartyCookies })
    return new Visitor(web, chromium, await chromium.context.newPage())
  }

  /** Opens a page; what the page asked of /cookie_sync, once that is answered. */
  async reads(path: string): Promise<Visit> {
    const before = this.web.to(EDGE, '/cookie_sync').length
    await this.page.goto(`https://news.example${path}`)
    return (await this.web.answered(EDGE, '/cookie_sync', before + 1)).at(-1)!
  }

  /** Opens the page with Prebid.js; the bid request it makes besides. */
  async auction(): Promise<{ asked: Visit; body: BidRequest }> {
    const before = this.auctions().length
    const asked = await this.reads('/')
    await this.web.answered('pbs.example', '/openrtb2/auction', before + 1)
    return { asked, body: JSON.parse(this.auctions().at(-1)!.body) as BidRequest }
  }

  auctions(): Visit[] {
    return this.web.to('pbs.example', '/openrtb2/auction').filter((one) => one.method === 'POST')
  }

  async optsOut(): Promise<void> {
    await this.page.goto('https://news.example/privacy')
    expect((await this.web.answered(EDGE, '/optout')).at(-1)!.status).toBe(200)
  }

  /** Our cookies, by name: value, and the site it is kept apart for. */
  async cookies(): Promise<Record<string, { value: string; partitionKey: string | undefined }>> {
    const all = await this.#chromium.context.cookies()
    const ours = all.filter((one) => one.domain.endsWith(EDGE))
    return Object.fromEntries(
      ours.map(({ name, value, partitionKey }) => [name, { value, partitionKey }]),
    )
  }

  /** The last id each partner gave the browser; South gives none to whom it does not meet. */
  ids(): { north: string; south: string } {
    const [north, south] = [
      this.web.to('sync.north.example', '/pixel').at(-1),
      this.web.to('sync.south.example', '/frame').at(-1),
    ]
    return { north: north ? uidOf(north) : '', south: south ? uidOf(south) : '' }
  }

  /** Without our cookie North comes back in vain, and nobody is led to South: how both were answered. */
  async refusals(): Promise<number[]> {
    const [back] = await this.web.answered(EDGE, '/setuid')
    const [onward] = await this.web.answered(EDGE, '/sync')
    return [back!.status, onward!.status]
  }

  async close(): Promise<void> {
    await this.#chromium.close()
    await this.web.close()
  }
}

interface BidRequest {
  user?: { buyeruid?: string; ext?: { eids?: { source: string; uids: { id: string }[] }[] } }
}

const lookup = (source: string, uid: string) =>
  product.must('POST', '/api/people/lookup', {
    body: { source, uid, reason: 'a test looks whom the ids belong to' },
  })
const idsWith = async (source: string, uid: string): Promise<unknown[]> =>
  (await lookup(source, uid)).ids.map((one: { source: string; uid: string }) => [
    one.source,
    one.uid,
  ])
const join = (source: string, uid: string) =>
  product.must('POST', '/api/memberships', { lines: [{ source, uid, add: ['cars'] }] })
const bid = (body: BidRequest, buyeruid?: string) =>
  product.enrich(
    key,
    JSON.stringify({ ...body, user: { ...body.user, ...(buyeruid && { buyeruid }) } }),
  )
const offered = (asked: Visit) => JSON.parse(asked.answer).bidder_status

describe('a page with Prebid.js, third-party cookies allowed', () => {
  let visitor: Visitor
  let body: BidRequest
  beforeAll(async () => {
    visitor = await Visitor.open('allowed')
  }, PATIENT)
  afterAll(() => visitor?.close())

  test(
    'is synced with both partners, as an image and in a frame, and their ids are matched',
    async () => {
      const auction = await visitor.auction()
      body = auction.body
      expect(auction.asked.headers).toMatchObject({
        'content-type': 'text/plain',
        origin: 'https://news.example',
        'sec-fetch-site': 'cross-site',
      })
      const back = await visitor.web.answered(EDGE, '/setuid', 2)
      expect(back.map(({ status }) => status)).toEqual([200, 200])
      const { north, south } = visitor.ids()
      const together = await idsWith('north-dsp', north)
      expect(together).toContainEqual(['south-dsp', south])
      expect(together).toContainEqual(['north-dsp', north])
      const cookies = await visitor.cookies()
      expect(cookies[MAIN]!.partitionKey).toBeUndefined()
      expect(cookies[TWIN]!.partitionKey).toBe('https://news.example')
    },
    PATIENT,
  )

  test(
    'its next bid request is enriched by what is known of the other id',
    async () => {
      const { north, south } = visitor.ids()
      await join('south-dsp', south)
      await patiently(async () => expect((await bid(body, north)).text).toContain('"cars"'))
    },
    PATIENT,
  )

  test(
    'is not synced again while the matches are fresh',
    async () => {
      const { asked } = await visitor.auction()
      expect(JSON.parse(asked.answer)).toEqual({ status: 'ok', bidder_status: [] })
    },
    PATIENT,
  )

  test(
    'reads no id of its visitor, however it asks',
    async () => {
      const { north, south } = visitor.ids()
      const state = visitor.web.to(EDGE, '/sync').at(-1)!.query.get('s')
      const paths = [
        '/getuids',
        '/setuid?bidder=north-dsp&f=b',
        `/sync?bidder=south-dsp&f=b&s=${state}`,
        '/match?p=north-dsp&uid=x',
      ]
      const read = (await visitor.page.evaluate(`(async () => {
      const told = [document.cookie, ...performance.getEntries().map((one) => one.name)]
      for (const path of ${JSON.stringify(paths)})
        told.push(await fetch('https://${EDGE}' + path, { credentials: 'include' }).then((one) => one.text(), () => 'closed'))
      const posted = { method: 'POST', credentials: 'include', body: JSON.stringify({ debug: true, coopSync: true }) }
      told.push(await fetch('https://${EDGE}/cookie_sync', posted).then((one) => one.text()))
      return told
    })()`)) as string[]
      expect(read.slice(-5, -1)).toEqual(['closed', 'closed', 'closed', 'closed'])
      expect(JSON.parse(read.at(-1)!)).toMatchObject({ status: 'ok' })
      const pseudonym = visitor.web.to('sync.south.example', '/frame').at(-1)!.query.get('us')!
      expect(pseudonym).toMatch(/^[\w-]{22,}$/)
      const main = (await visitor.cookies())[MAIN]!.value
      for (const secret of [north, south, pseudonym, main])
        expect(read.join('\n')).not.toContain(secret)
    },
    PATIENT,
  )

  test(
    'is left alone for good once its visitor opted out',
    async () => {
      const { north } = visitor.ids()
      await visitor.optsOut()
      expect(await visitor.cookies()).toMatchObject({
        [MAIN]: { value: 'optout' },
        [TWIN]: { value: 'optout', partitionKey: 'https://news.example' },
      })
      const { asked } = await visitor.auction()
      expect(asked.status).toBe(401)
      await patiently(async () => expect((await bid(body, north)).reason).toBe('opted_out'))
    },
    PATIENT,
  )
})

describe('a page with Prebid.js, third-party cookies blocked', () => {
  let visitor: Visitor
  let body: BidRequest
  beforeAll(async () => {
    visitor = await Visitor.open('blocked')
  }, PATIENT)
  afterAll(() => visitor?.close())

  test(
    'keeps no cookie but the partitioned one, and nothing is matched',
    async () => {
      body = (await visitor.auction()).body
      expect(await visitor.refusals()).toEqual([400, 400])
      expect(await visitor.cookies()).toEqual({
        [TWIN]: { value: expect.stringMatching(/^met\./), partitionKey: 'https://news.example' },
      })
      expect((await bid(body, visitor.ids().north)).reason).toBe('stranger')
      expect(visitor.web.to('sync.south.example', '/frame')).toEqual([])
    },
    PATIENT,
  )

  test(
    'is asked for nothing more: a second view costs no pixel',
    async () => {
      const { asked } = await visitor.auction()
      expect(offered(asked)).toEqual([])
    },
    PATIENT,
  )

  test(
    'is known by its first-party id instead',
    async () => {
      const shared = body.user!.ext!.eids!.find((one) => one.source === 'pubcid.org')!.uids[0]!.id
      await join('pubcid.org', shared)
      const { body: next } = await visitor.auction()
      await patiently(async () => expect((await bid(next)).text).toContain('"cars"'))
      const match = {
        source: 'pubcid.org',
        uid: shared,
        with: { source: 'north-dsp', uid: 'N-by-file' },
      }
      await product.must('POST', '/api/matches', { lines: [match] })
      const eids = JSON.stringify({
        eids: next.user!.ext!.eids,
        bidders: ['north-dsp', 'south-dsp'],
      })
      await patiently(async () => {
        const answer = await visitor.page.evaluate(`fetch('https://${EDGE}/cookie_sync',
        { method: 'POST', credentials: 'include', body: ${JSON.stringify(eids)} }).then((one) => one.json())`)
        expect(answer).toEqual({ status: 'ok', bidder_status: [] })
      })
    },
    PATIENT,
  )

  test(
    'remembers an opt-out by its twin',
    async () => {
      await visitor.optsOut()
      expect(await visitor.cookies()).toEqual({
        [TWIN]: { value: 'optout', partitionKey: 'https://news.example' },
      })
      expect((await visitor.auction()).asked.status).toBe(401)
    },
    PATIENT,
  )
})

describe('load-cookie.html of prebid-universal-creative', () => {
  test.each(['allowed', 'blocked'] as const)(
    'syncs as it stands, third-party cookies %s',
    async (mode) => {
      const visitor = await Visitor.open(mode)
      try {
        expect((await visitor.reads('/plain')).headers['content-type']).toBe('text/plain')
        if (mode === 'allowed') {
          const back = await visitor.web.answered(EDGE, '/setuid', 2)
          expect(back.map(({ status }) => status)).toEqual([200, 200])
          const { north, south } = visitor.ids()
          expect(await idsWith('south-dsp', south)).toContainEqual(['north-dsp', north])
        } else {
          expect(await visitor.refusals()).toEqual([400, 400])
          expect(Object.keys(await visitor.cookies())).toEqual([TWIN])
        }
        expect(offered(await visitor.reads('/plain'))).toEqual([])
      } finally {
        await visitor.close()
      }
    },
    PATIENT,
  )
})
