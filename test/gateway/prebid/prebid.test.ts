import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OPTED_OUT } from '../../../exchange/sync/browser-cookie.ts'
import { MAIN_COOKIE } from '../../../gateway/edge/cookies.ts'
import { tcText } from '../../audience/consent/support/tc-writer.ts'
import { PAGE, type PageAsked, PageWorld } from '../../support/page-world.ts'

// What a page is told of its visitor, with a key that everybody may read.

const TRAVELLER = [{ source: 'pubcid.org', uids: [{ id: 'pub-1' }] }]
const VENDORS = [32, 21, 52]
const tc = (purposes: number[]) => tcText({ purposes, vendors: VENDORS, disclosed: VENDORS })

let world: PageWorld
let driver: string
beforeAll(async () => {
  world = await PageWorld.open({ prebidModule: 'asks %EDGE_URL% as "%GVL_ID%"' })
  driver = await world.cookieOf('north-dsp', 'driver')
})
afterAll(() => world.close())

const told = async (body: object, asked?: PageAsked) =>
  JSON.parse((await world.ask(body, asked)).text)
const byCookie = (cookie = driver): PageAsked => ({ headers: { cookie } })

describe('a page’s visitor', () => {
  test('is known by our cookie: segments under our own name, and deals of the key’s bidders', async () => {
    const { decision, ...given } = await told({}, byCookie())
    expect(decision).toMatch(/^[\w-]{16}$/)
    expect(given).toEqual({
      data: [
        {
          id: 'data-hill',
          name: 'gateway.example',
          segment: [{ id: 'cars' }],
          ext: { provider: 'hill.example' },
        },
      ],
      deals: [
        { id: 'cars-deal', bidfloor: 2.5, bidfloorcur: 'EUR', at: 1, wseat: ['seat-7'] },
        { id: 'not-travel-deal', bidfloor: 3, bidfloorcur: 'EUR', at: 2 },
      ],
      bidders: ['north'],
    })
  })

  test('is known by eids of the page, and by nothing else it names', async () => {
    expect((await told({ eids: TRAVELLER })).data[0].segment).toEqual([{ id: 'travel' }])
    for (const named of [
      { buyeruid: 'driver' },
      { user: { buyeruid: 'driver', id: 'plaza-7' } },
      { device: { ifa: '6d92078a-8246-4ba4-ae5b-76104861e7dc' } },
      { eids: [{ source: 'north-dsp', uids: [{ id: 'driver' }] }] },
    ])
      expect(await told(named)).toEqual({})
  })

  test('has segments with their taxonomy and seats', async () => {
    const golfer = await world.cookieOf('north-dsp', 'golfer')
    const { data } = await told({ country: 'USA' }, byCookie(golfer))
    expect(
      data.map(({ segment, ext }: { segment: object; ext: object }) => [segment, ext]),
    ).toEqual(
      expect.arrayContaining([
        [[{ id: '530' }], { segtax: 4, provider: 'lake.example' }],
        [[{ id: 'boats' }], { seats: ['seat-7'], provider: 'lake.example' }],
      ]),
    )
  })

  test('is told of with who is to be named beside it, where the page speaks of the DSA', async () => {
    const named = async (dsa: object) => (await told({ dsa }, byCookie())).transparency
    expect(await named({})).toEqual([{ domain: 'hill.example', dsaparams: [1] }])
    expect(await named({ transparency: [{ domain: 'hill.example' }] })).toBeUndefined()
    expect(await told({ dsa: {} })).toEqual({})
  })

  test('is never named: no answer holds an id of it', async () => {
    const { text, headers } = await world.ask({ eids: TRAVELLER }, byCookie())
    const all = text + JSON.stringify([...headers])
    for (const id of ['driver', 'pub-1', driver.split('=')[1]!]) expect(all).not.toContain(id)
    expect(headers.get('set-cookie')).toBeNull()
  })

  test('is told of for every bidder of a publisher’s page, without deals', async () => {
    const { desk } = world.house.exchange
    const body = { name: 'News', domain: 'news.example', roles: ['publisher'], region: 'US' }
    await desk.putPartner({ operator: true }, { id: 'news', body })
    const contract = {
      ...{ seller: 'data-hill', buyer: 'news', segments: ['cars'], uses: ['bid_enrichment'] },
      ...{ price: { kind: 'free' }, startsAt: '2020-01-01', endsAt: '2099-01-01' },
      ...{ billOn: 'delivered', status: 'active' },
    }
    await desk.putContract({ operator: true }, { id: 'hill-news', body: contract })
    const key = await world.pageKey('news')
    const { data, deals, bidders } = await told({ key }, byCookie())
    expect([data.length, deals, bidders]).toEqual([1, [], undefined])
  })
})

describe('an empty answer', () => {
  test('is the same to the last byte, whoever it is about', async () => {
    const { house } = world
    const { namespace } = house.exchange.catalog()!.partner('north-dsp')!
    await house.admit([{ source: 'north-dsp', uid: 'notice-only', add: ['theatre'] }])
    const gone = await world.cookieOf('north-dsp', 'gone')
    await house.audience.suppress([{ namespace, value: 'gone' }], { kind: 'opt_out' })
    await house.audience.poke()
    const noConsent = { gdpr: 1, gdpr_consent: tc([1]) }
    const asks: [string, object, PageAsked?][] = [
      ['a stranger', {}],
      ['a stranger with an eid', { eids: [{ source: 'pubcid.org', uids: [{ id: 'nobody' }] }] }],
      ['whose cookie is bent', {}, byCookie(`${driver}x`)],
      ['whose cookie says opted out', {}, byCookie(`${MAIN_COOKIE}=${OPTED_OUT}`)],
      ['who is to be left alone', {}, byCookie(gone)],
      ['without consent', noConsent, byCookie()],
      ['under the GDPR without a string', { gdpr: 1 }, byCookie()],
      ['whose string cannot be read', { gdpr: 1, gdpr_consent: 'bent' }, byCookie()],
      ['by us_privacy', { us_privacy: '1YYN' }, byCookie()],
      ['by a GPP section that is missing', { gpp: 'DBAA', gpp_sid: [7] }, byCookie()],
      ['by Global Privacy Control', { gpc: 1 }, byCookie()],
      ['by its header', {}, { headers: { cookie: driver, 'sec-gpc': '1' } }],
      ['a child', { coppa: 1 }, byCookie()],
      [
        'known, and with nothing the key’s partner may have',
        {},
        byCookie(await world.cookieOf('north-dsp', 'opera')),
      ],
      [
        'known, and with nothing but what is billed on notice',
        {},
        byCookie(await world.cookieOf('north-dsp', 'notice-only')),
      ],
    ]
    const answers: string[] = []
    for (const [, body, asked] of asks) {
      const { status, headers, text } = await world.ask(body, asked)
      const lines = [...headers].filter(([name]) => name !== 'date')
      answers.push(JSON.stringify([status, text, lines]))
    }
    expect(JSON.parse(answers[0]!).slice(0, 2)).toEqual([200, '{}'])
    for (const [i, [who]] of asks.entries()) expect(answers[i], who).toBe(answers[0])
  })

  test('comes where our cookie may not be read, though eids may', async () => {
    const asked = { gdpr: 1, gdpr_consent: tc([4]) }
    expect(await told(asked, byCookie())).toEqual({})
    expect((await told({ ...asked, eids: TRAVELLER }, byCookie())).data[0].segment).toEqual([
      { id: 'travel' },
    ])
    expect((await told({ gdpr: 1, gdpr_consent: tc([1, 4]) }, byCookie())).data).toHaveLength(1)
  })
})

describe('a page’s script', () => {
  const foreign = { origin: 'https://evil.example' }
  const long = { more: 'x'.repeat(20_000) }
  const noKey = { key: 'nobody' }
  test.each([
    ['told', 200, {}, {}],
    ['not_json', 400, '{', {}],
    ['not_json', 400, '{"lmt":1,"lmt":0}', {}],
    ['unauthorized', 401, noKey, {}],
    ['origin_not_allowed', 403, {}, foreign],
    ['too_large', 413, long, {}],
  ] as const)('can read why it was answered so: %s, %i', async (reason, status, body, asked) => {
    const answer = await world.ask(body, asked)
    const origin = 'origin' in asked ? asked.origin : PAGE
    expect(answer.status).toBe(status)
    const header = (name: string) => answer.headers.get(name)
    expect(header('access-control-allow-origin')).toBe(origin)
    expect(header('access-control-allow-credentials')).toBe('true')
    expect(header('vary')).toBe('origin')
    expect(header('cache-control')).toBe('no-store, private')
    if (status === 200) return
    expect(header('x-passerelle-reason')).toBe(reason)
    expect(header('access-control-expose-headers')).toBe('retry-after, x-passerelle-reason')
  })

  test('of no page that can be named is shown nothing', async () => {
    for (const origin of ['null', '', 'capacitor://app'])
      expect(
        (await world.ask({}, { origin })).headers.get('access-control-allow-origin'),
      ).toBeNull()
  })
})

describe('a page key', () => {
  test('opens this path and no other, and no other key opens it', async () => {
    const { status } = await world.house.enrich('{"id":"1"}', { buyer: world.key })
    expect(status).toBe(401)
    for (const key of [world.house.keys.get('north-dsp')!, 'nobody', '', undefined]) {
      const { status, headers } = await world.ask({ key })
      expect([status, headers.get('x-passerelle-reason')]).toEqual([401, 'unauthorized'])
    }
  })

  test('works on pages of its origins alone', async () => {
    const key = await world.pageKey('north-dsp', {
      origins: ['https://*.shop.example', 'http://localhost:8000'],
      bidders: ['n'],
    })
    const status = async (origin: string) => {
      const { status } = await world.ask({ key }, { origin })
      return status
    }
    for (const origin of [
      'https://a.shop.example',
      'https://b.a.shop.example',
      'http://localhost:8000',
    ])
      expect([origin, await status(origin)]).toEqual([origin, 200])
    for (const origin of [
      ...['https://shop.example', 'https://evil.example', 'http://a.shop.example', 'null'],
      ...['https://evil.example/.shop.example', 'https://a.shop.example.evil.example', ''],
      ...['https://a.shop.example:444', 'http://localhost:80', 'https://evilshop.example'],
    ])
      expect([origin, await status(origin)]).toEqual([origin, 403])
  })

  test('is asked with so often a second, and no more', async () => {
    const key = await world.pageKey('north-dsp', { bidders: ['n'], perSecond: 2 })
    const words: (string | null)[] = []
    while (!words.includes('too_often') && words.length < 100) {
      const { status, headers } = await world.ask({ key })
      if (status === 429) expect(headers.get('retry-after')).toBe('1')
      words.push(headers.get('x-passerelle-reason'))
    }
    expect(words).toContain('too_often')
    expect((await world.ask({})).status).toBe(200)
  })

  test('is out once it is revoked', async () => {
    const key = await world.pageKey('north-dsp', { bidders: ['n'] })
    expect((await world.ask({ key })).status).toBe(200)
    const id = key.split('_')[1]!
    await world.house.exchange.desk.deleteKey({ operator: true }, { partner: 'north-dsp', id })
    expect((await world.ask({ key })).status).toBe(401)
  })

  test('is refused as a page wants it where it says nothing', async () => {
    for (const bent of ['', '{', '[]', 'null', '"x"'])
      expect([bent, (await world.ask(bent)).status]).toEqual([bent, 400])
    expect((await world.ask({ more: 'x'.repeat(20_000) })).status).toBe(413)
    for (const depth of [64, 7_000]) {
      const dsa = `${'['.repeat(depth)}${']'.repeat(depth)}`
      const { status, headers } = await world.ask(`{"key":"${world.key}","dsa":${dsa}}`)
      expect([depth, status, headers.get('x-passerelle-reason')]).toEqual([depth, 400, 'too_deep'])
    }
  })

  test('may be odd in all it says, and is answered', async () => {
    for (const odd of [
      { eids: 'x', gdpr: {}, gpp_sid: 'seven', country: 7, tmax: 'soon' },
      {
        eids: [
          null,
          3,
          { source: 4 },
          { source: 'pubcid.org', uids: 'x' },
          { source: 'a', uids: [{}] },
        ],
      },
      { eids: Array.from({ length: 100 }, () => TRAVELLER[0]) },
    ])
      expect((await world.ask(odd)).status).toBe(200)
  })
})

describe('what is given', () => {
  beforeEach(async () => {
    await world.house.usage.meter.flush()
    world.house.ledger.records.length = 0
    await world.house.egress.flush()
    world.house.given.length = 0
  })

  test('is counted once an answer, and noted as given to the key’s partner', async () => {
    await told({}, byCookie(await world.cookieOf('north-dsp', 'driver')))
    await world.house.usage.meter.flush()
    const lines = world.house.ledger.records.flatMap((one) =>
      one.kind === 'delivered' ? one.lines : [],
    )
    expect(lines).toMatchObject([{ contract: 'hill-north', segment: 'cars', units: 1 }])
    await world.house.egress.flush()
    expect(world.house.given.length).toBeGreaterThan(0)
  })

  test('is neither written nor counted again in the bid request that the page’s bidder sends', async () => {
    const { data } = await told({}, byCookie())
    await world.house.usage.meter.flush()
    world.house.ledger.records.length = 0
    const request = JSON.stringify({ id: '1', user: { buyeruid: 'driver', data } })
    const { body } = await world.house.enrich(request, { buyer: 'north-dsp' })
    expect(body.toString()).toBe(request)
    await world.house.usage.meter.flush()
    expect(world.house.ledger.records).toEqual([])
  })
})

test('our module is served, and knows whom to ask and which vendor that is', async () => {
  const answer = await fetch(`http://127.0.0.1:${world.edge.port}/prebid/passerelleRtdProvider.js`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/javascript; charset=utf-8',
  ])
  expect(await answer.text()).toBe('asks https://edge.test as ""')
})
