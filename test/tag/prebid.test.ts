import { GppModel } from '@iabgpp/cmpapi'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OPTED_OUT } from '../../exchange/sync/browser-cookie.ts'
import { MAIN_COOKIE } from '../../gateway/edge/cookies.ts'
// @ts-expect-error plain JavaScript, as everything in scripts/
import { buildPrebidModule } from '../../scripts/build.mjs'
import { tcText } from '../audience/consent/support/tc-writer.ts'
import { PAGE, PageWorld } from '../support/page-world.ts'
import { type Chromium, startChromium } from '../support/web/browser.ts'
import { buildPrebid, PAGE_ENTRY, type PageOptions, pageHtml } from '../support/web/prebid-page.ts'
import { type Site, showPage, type Visit, Web } from '../support/web/web.ts'

// Our module in an unmodified Prebid.js of its npm sources, in a real browser, on a publisher's page.

const EDGE = 'edge.example'
/** Where the adapter of both bidders sends its requests. */
const BIDS = { host: 'rtb.openx.net', path: '/openrtbb/prebidjs' }
const MODES = ['allowed', 'blocked'] as const
type Mode = (typeof MODES)[number]
const PATIENT = 120_000
const VENDORS = [32, 21, 52]

let world: PageWorld
let web: Web
let pages: Record<string, PageOptions> = {}
/** Both at once: a browser takes seconds to start. */
const browsers: Partial<Record<Mode, Chromium>> = {}
let heldBack: (() => void)[] = []
beforeAll(async () => {
  const prebidModule: string = await buildPrebidModule()
  world = await PageWorld.open({ edgeUrl: `https://${EDGE}`, prebidModule })
  world.key = await world.pageKey('north-dsp', { bidders: ['ours'] })
  const served = `http://127.0.0.1:${world.edge.port}/prebid/passerelleRtdProvider.js`
  const prebid = await buildPrebid(await (await fetch(served)).text())
  const news: Site = ({ path }, res) => {
    if (path === '/prebid.js') res.writeHead(200, { 'content-type': 'text/javascript' }).end(prebid)
    else showPage(res, pages[path] ? pageHtml(pages[path]) : '')
  }
  web = await Web.open({
    [EDGE]: world.edge.port,
    'www.news.example': news,
    'elsewhere.example': news,
    'rtb.openx.net': openx,
    // What stands between a page and /prebid/scope3: it has the key.
    'agent.example': async ({ method, headers, body }, res) => {
      const allowed = { 'access-control-allow-headers': 'content-type, x-rtd-version' }
      if (method === 'OPTIONS')
        return void res.writeHead(204, { ...cors(headers.origin), ...allowed }).end()
      const url = `http://127.0.0.1:${world.edge.port}/prebid/scope3`
      const sent = { 'x-scope3-auth': world.house.keys.get('north-dsp')! }
      const answer = await fetch(url, { method: 'POST', headers: sent, body })
      res.writeHead(answer.status, cors(headers.origin)).end(await answer.text())
    },
    'never.example': (_, res) => void heldBack.push(() => res.end()),
    'down.example': (_, res) => void res.destroy(),
    'odd.example': ({ headers }, res) =>
      void res.writeHead(200, cors(headers.origin)).end('<html>'),
  })
  const start = async (mode: Mode) => {
    browsers[mode] = await startChromium({ webPort: web.port, thirdPartyCookies: mode })
  }
  await Promise.all(MODES.map(start))
}, PATIENT)
afterAll(async () => {
  await Promise.all(Object.values(browsers).map((one) => one.close()))
  await web?.close()
  await world?.close()
})

const cors = (origin = '') => ({
  'access-control-allow-origin': origin,
  'access-control-allow-credentials': 'true',
})
const openx: Site = ({ headers }, res) => {
  const type = { 'content-type': 'application/json' }
  res.writeHead(200, { ...cors(headers.origin), ...type }).end('{"id":"1","seatbid":[]}')
}

describe.each(MODES)('third-party cookies %s', (thirdPartyCookies) => {
  let chromium: Chromium
  let page: Page
  let cookie: string
  beforeAll(async () => {
    chromium = browsers[thirdPartyCookies]!
    cookie = (await world.cookieOf('north-dsp', 'driver')).split('=')[1]!
  }, PATIENT)
  beforeEach(async () => {
    web.visits.length = 0
    heldBack = []
    page = await chromium.context.newPage()
    await chromium.context.clearCookies()
  })
  afterEach(async () => {
    for (const letGo of heldBack) letGo()
    await page.close()
  })

  async function isKnown(value = cookie): Promise<void> {
    const flags = { secure: true, httpOnly: true, sameSite: 'None' as const }
    await chromium.context.addCookies([
      { name: MAIN_COOKIE, value, domain: EDGE, path: '/', ...flags },
    ])
  }

  async function opens(options: Partial<PageOptions> = {}, origin = PAGE): Promise<void> {
    pages = { '/': { ...options, params: { key: world.key, timeout: 100_000, ...options.params } } }
    await page.goto(`${origin}/`)
  }

  /** Holds an auction on the page; what each of its bidders was sent. */
  async function auction(): Promise<Record<'ours' | 'rival', BidRequest>> {
    const before = bids().length
    expect(await page.evaluate('auction()')).toBe('over')
    // The page may have an answer in hand before this end knows that it is sent.
    while (bids().length < before + 2)
      await web.answered(BIDS.host, BIDS.path, web.to(BIDS.host, BIDS.path).length + 1)
    const sent = bids().slice(before)
    const requests = sent.map(({ body }) => JSON.parse(body) as BidRequest)
    const of = (tagid: string) => requests.find(({ imp }) => imp[0]!.tagid === tagid)!
    return { ours: of('ours'), rival: of('rival') }
  }

  const bids = (): Visit[] => web.to(BIDS.host, BIDS.path).filter((one) => one.method === 'POST')
  const asks = (): Visit[] => web.to(EDGE, '/prebid/rtd')

  function expectNothing({ ours, rival }: Record<'ours' | 'rival', BidRequest>): void {
    expect([ours.user?.data, rival.user?.data]).toEqual([undefined, undefined])
    expect(ours.imp[0]!.pmp).toEqual({ deals: [{ id: 'page-own' }] })
    expect(rival.imp[0]!.pmp).toBeUndefined()
  }

  if (thirdPartyCookies === 'allowed') {
    test(
      'the bidder of the key is sent segments and deals, and its rival nothing',
      async () => {
        await isKnown()
        await opens()
        const { ours, rival } = await auction()
        expect(ours.user!.data).toEqual([
          {
            id: 'data-hill',
            name: 'gateway.example',
            segment: [{ id: 'cars' }],
            ext: { provider: 'hill.example' },
          },
        ])
        const deals = ours.imp[0]!.pmp!.deals
        expect(deals.map(({ id }) => id)).toEqual(['page-own', 'cars-deal', 'not-travel-deal'])
        expect(deals[1]).toMatchObject({ bidfloor: 2.5, bidfloorcur: 'EUR', wseat: ['seat-7'] })
        expect([rival.user?.data, rival.imp[0]!.pmp]).toEqual([undefined, undefined])
        const named = ({ regs }: BidRequest) => regs.ext.dsa.transparency
        expect(named(ours)).toEqual([PAGE_ENTRY, { domain: 'hill.example', dsaparams: [1] }])
        expect(named(rival)).toEqual([PAGE_ENTRY])
        const [asked] = await web.answered(EDGE, '/prebid/rtd')
        expect(asked!.headers).toMatchObject({ 'content-type': 'text/plain', origin: PAGE })
        expect(
          web.visits.filter(({ method, host }) => method === 'OPTIONS' && host === EDGE),
        ).toEqual([])
      },
      PATIENT,
    )

    test(
      'an auction has its own deals, and not those of the one before',
      async () => {
        await isKnown()
        await opens()
        expect((await auction()).ours.imp[0]!.pmp!.deals).toHaveLength(3)
        expect((await auction()).ours.imp[0]!.pmp!.deals).toHaveLength(3)
        await isKnown(OPTED_OUT)
        expectNothing(await auction())
        expect((await web.answered(EDGE, '/prebid/rtd', 3)).at(-1)!.answer).toBe('{}')
      },
      PATIENT,
    )

    test(
      'under the GDPR it is asked with consent: for personalised advertising, and our cookie for that of the device',
      async () => {
        await isKnown()
        await opens({ tcData: tcData([1, 4]) })
        expect((await auction()).ours.user!.data).toHaveLength(1)
        await opens({ tcData: tcData([4]) })
        expectNothing(await auction())
        const both = await web.answered(EDGE, '/prebid/rtd', 2)
        expect(both.map(({ headers }) => headers.cookie !== undefined)).toEqual([true, false])
      },
      PATIENT,
    )

    test.each<[string, Partial<PageOptions>, string?]>([
      ['without that consent', { tcData: tcData([1, 2, 3]) }],
      ['where the page lets nobody enrich', { isClosed: true }],
      ['where us_privacy opts out', { usp: '1YYN' }],
      ['where a section of GPP opts out', { gpp: gppData({ SaleOptOut: 1 }) }],
      ['where the device limits tracking', { ortb2: { device: { lmt: 1 } } }],
      ['where the page says: do not track', { ortb2: { device: { dnt: 1 } } }],
      ['of children', { ortb2: { regs: { coppa: 1 } } }],
      ['where the page says: opted out of sale', { ortb2: { regs: { us_privacy: '1YYN' } } }],
      ['where the page says: privacy control', { ortb2: { regs: { ext: { gpc: '1' } } } }],
      [
        'under Global Privacy Control',
        {},
        'Object.defineProperty(navigator, "globalPrivacyControl", { value: true })',
      ],
    ])(
      'nobody is asked %s, and the auction goes on',
      async (_, options, first = '') => {
        await isKnown()
        await page.addInitScript(first)
        await opens(options)
        expectNothing(await auction())
        expect(asks()).toEqual([])
      },
      PATIENT,
    )

    test.each<[string, Partial<PageOptions>]>([
      ['of children by its tool', { gpp: gppData({ KnownChildSensitiveDataConsents: [1, 0] }) }],
      [
        'of a sale by its own words in ext, without a tool',
        { ortb2: { regs: { ext: gppRegs({ SaleOptOut: 1 }) } } },
      ],
      ['of a section that cannot be read', { ortb2: { regs: { gpp: 'none', gpp_sid: [8] } } }],
    ])(
      'nothing is given where a page speaks %s',
      async (_, options) => {
        await isKnown()
        await opens(options)
        expectNothing(await auction())
        expect((await web.answered(EDGE, '/prebid/rtd'))[0]!.answer).toBe('{}')
      },
      PATIENT,
    )

    test(
      'a section that allows, beside one that opts out and does not apply, stands in nobody’s way',
      async () => {
        await isKnown()
        const { parsedSections, ...said } = gppData({ SaleOptOut: 2 })
        const elsewhere = [{ SaleOptOut: 1 }, { Gpc: false }]
        await opens({ gpp: { ...said, parsedSections: { ...parsedSections, usva: elsewhere } } })
        expect((await auction()).ours.user!.data).toHaveLength(1)
      },
      PATIENT,
    )

    test(
      'pages of other origins are told nothing',
      async () => {
        await isKnown()
        await opens({}, 'https://elsewhere.example')
        expectNothing(await auction())
        expect((await web.answered(EDGE, '/prebid/rtd'))[0]!.status).toBe(403)
      },
      PATIENT,
    )

    test.each([
      [
        'is late: the auction is held for the module’s own time, and no longer',
        'never.example',
        150,
      ],
      ['is down', 'down.example', 100_000],
      ['says what nobody understands', 'odd.example', 100_000],
    ])(
      'an endpoint %s',
      async (_, host, timeout) => {
        await opens({ params: { endpoint: `https://${host}/prebid/rtd`, timeout: timeout } })
        expectNothing(await auction())
      },
      PATIENT,
    )

    test(
      'Prebid.js’ own module for scope3 is answered as it reads answers',
      async () => {
        const eids = [{ source: 'pubcid.org', uids: [{ id: 'pub-1' }] }]
        await opens({
          ...{ scope3: 'https://agent.example/prebid/scope3', code: 'north-dsp' },
          ortb2: { user: { ext: { eids } } },
        })
        const { ours, rival } = await auction()
        const segment = [{ id: 'data-hill:travel' }]
        expect(ours.user!.data).toEqual([{ name: 'scope3.com', ext: { segtax: 3333 }, segment }])
        expect(rival.user?.data).toBeUndefined()
        expect((await web.answered('agent.example', '/prebid/scope3', 2)).at(-1)!.status).toBe(200)
      },
      PATIENT,
    )

    test(
      'without a key the module stands aside',
      async () => {
        await opens({ params: { key: '' } })
        expectNothing(await auction())
        expect(asks()).toEqual([])
      },
      PATIENT,
    )
  }

  if (thirdPartyCookies === 'blocked')
    test(
      'the visitor is known by eids of the page',
      async () => {
        await isKnown()
        await opens({ hasSharedId: true })
        expectNothing(await auction())
        const [asked] = await web.answered(EDGE, '/prebid/rtd')
        expect(asked!.headers.cookie).toBeUndefined()
        const { eids } = JSON.parse(asked!.body) as {
          eids: { source: string; uids: { id: string }[] }[]
        }
        const [{ source, uids }] = eids as [(typeof eids)[0]]
        await world.house.admit([{ source, uid: uids[0]!.id, add: ['travel'] }])
        const { ours } = await auction()
        expect(ours.user!.data).toMatchObject([{ id: 'data-hill', segment: [{ id: 'travel' }] }])
      },
      PATIENT,
    )
})

interface BidRequest {
  imp: { tagid: string; pmp?: { deals: { id: string; [more: string]: unknown }[] } }[]
  user?: { data?: object[] }
  regs: { ext: { dsa: { transparency: object[] } } }
}

/** As a consent tool has it once the visitor has chosen. */
function tcData(purposes: number[]): object {
  const yes = (ids: number[]) => Object.fromEntries(ids.map((id) => [id, true]))
  return {
    tcString: tcText({ purposes, vendors: VENDORS, disclosed: VENDORS }),
    ...{ gdprApplies: true, eventStatus: 'tcloaded', cmpStatus: 'loaded' },
    purpose: { consents: yes(purposes), legitimateInterests: {} },
    vendor: { consents: yes(VENDORS), legitimateInterests: {} },
  }
}

/** California's section, of somebody who was told everything: as a consent tool answers `ping`. */
function gppData(said: Record<string, unknown>) {
  const model = new GppModel()
  const fields = { SaleOptOutNotice: 1, SharingOptOutNotice: 1, SensitiveDataLimitUseNotice: 1 }
  for (const [name, value] of Object.entries({ ...fields, ...said }))
    model.setFieldValue('usca', name, value)
  const parsedSections = { usca: [model.getSection('usca')] }
  return { gppString: model.encode(), applicableSections: [8], parsedSections }
}

/** The same in a page's own `regs`. */
function gppRegs(said: Record<string, unknown>) {
  const { gppString, applicableSections } = gppData(said)
  return { gpp: gppString, gpp_sid: applicableSections }
}
