import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BROWSER } from '../../../audience/namespace.ts'
import { StoreFailed } from '../../../audience/store/store-failed.ts'
import { signMatch } from '../../../exchange/sync/match-secret.ts'
import { unpackEdges } from '../../../proto/edge-blob.ts'
import {
  EdgeHouse,
  imageSync,
  OPERATOR,
  SAFARI,
  type TestBrowser,
} from '../../support/edge-house.ts'

// A partner starts a match from its own page.

let house: EdgeHouse
let secret: string
let uids = 0

beforeAll(async () => {
  house = await EdgeHouse.open()
  const hosts = { allowedRedirectHosts: ['dmp.example', 'cdn.dmp.example'] }
  await house.partners({
    dmp: imageSync(hosts),
    loose: imageSync({ ...hosts, unsignedMatch: true }),
    idle: imageSync({ enabled: false }),
    plain: {},
  })
  secret = await makeSecret('dmp')
  await house.exchange.deskDeps.feed.poke()
})
afterAll(() => house.close())
beforeEach(() => {
  house.clock.aheadMs = 0
})

async function makeSecret(partner: string, body: object = {}): Promise<string> {
  const derive = (label: string, bytes: number) => house.audience.deriveKey(label, bytes)!
  const given = { partner, body, derive }
  return (await house.exchange.desk.makeMatchSecretFor(OPERATOR, given)).secret
}

interface Match {
  p?: string
  uid?: string
  ts?: number | string
  /** Signs something else than what is sent. */
  signed?: { p?: string; uid?: string; ts?: string }
  s?: string
  redir?: string
  more?: string
}

/** The path a partner's page would load, and the id in it. */
function matchPath({ p = 'dmp', ts, signed = {}, redir, more = '', ...rest }: Match = {}) {
  const uid = rest.uid ?? `M-${++uids}`
  const at = String(ts ?? Math.floor(house.clock.now() / 1000))
  const s = rest.s ?? signMatch(secret, { p, uid, ts: at, ...signed })
  const to = redir === undefined ? '' : `&redir=${encodeURIComponent(redir)}`
  return { uid, path: `/match?p=${p}&uid=${encodeURIComponent(uid)}&ts=${at}&s=${s}${to}${more}` }
}

async function match(browser: TestBrowser, given: Match = {}) {
  const { uid, path } = matchPath(given)
  const answer = await browser.ask('GET', path)
  const { p = 'dmp' } = given
  const isKept =
    p === 'nobody' || p === 'plain'
      ? false
      : (await house.matched(p.toLowerCase(), [uid])).length > 0
  return {
    uid,
    isKept,
    status: answer.status,
    reason: answer.headers['x-passerelle-reason'],
    answer,
  }
}

describe('a signed match', () => {
  test('is kept, sets both cookies where there were none, and makes the browser known from then on', async () => {
    const browser = house.browser()
    const first = await match(browser)
    expect([first.status, first.isKept]).toEqual([200, true])
    expect(first.answer.headers['content-type']).toBe('image/png')
    expect([...browser.jar.keys()]).toHaveLength(2)
    const plan = await browser.plan({ bidders: ['dmp'] })
    expect([plan.status, plan.bidder_status]).toEqual(['ok', []])
  })

  test('replaces the id the partner gave before', async () => {
    const browser = house.browser()
    const { uid: before } = await match(browser)
    const { uid: after } = await match(browser)
    expect(await house.matched('dmp', [before, after])).toEqual([after])
  })

  test('holds for five minutes either way', async () => {
    const now = Math.floor(house.clock.now() / 1000)
    for (const ts of [now - 290, now + 290])
      expect((await match(house.browser(), { ts })).isKept).toBe(true)
    for (const ts of [now - 310, now + 310, 0, '1e9', 'now', ''])
      expect(await match(house.browser(), { ts })).toMatchObject({
        status: 400,
        reason: 'unsigned',
        isKept: false,
      })
  })

  test('is for the browser it is first used in', async () => {
    const [browser, other] = [house.browser(), house.browser()]
    await other.plan({})
    const { path, uid } = matchPath()
    expect((await browser.ask('GET', path)).status).toBe(200)
    expect((await browser.ask('GET', path)).status).toBe(200)
    const stolen = await other.ask('GET', path)
    expect([stolen.status, stolen.headers['x-passerelle-reason']]).toEqual([400, 'signature_used'])
    expect(await house.matched('dmp', [uid])).toEqual([uid])
  })

  test('counts under the new secret and the one before, and under none older', async () => {
    const old = secret
    const newer = await makeSecret('dmp', { secret: 'x'.repeat(40) })
    expect(newer).toBe('x'.repeat(40))
    expect((await match(house.browser())).isKept).toBe(true)
    secret = newer
    expect((await match(house.browser())).isKept).toBe(true)
    secret = old
    await makeSecret('dmp', { secret: 'y'.repeat(40) })
    expect((await match(house.browser())).reason).toBe('unsigned')
    secret = 'y'.repeat(40)
  })

  test('is kept nowhere where the browser would not keep a cookie: it is sent on without an id', async () => {
    const browser = house.browser({ 'user-agent': SAFARI })
    const { isKept, answer } = await match(browser, { redir: 'https://dmp.example/back?id=$UID' })
    expect([answer.status, answer.headers['location'], isKept]).toEqual([
      302,
      'https://dmp.example/back?id=',
      false,
    ])
  })
})

test('no match without a good signature: nothing is stored, no cookie is set', async () => {
  const browser = house.browser()
  const bad: Match[] = [
    { s: '' },
    { s: 'x'.repeat(43) },
    { signed: { uid: 'somebody-else' } },
    { signed: { p: 'loose' } },
    { signed: { ts: '1' } },
  ]
  for (const given of bad)
    expect(await match(browser, given)).toMatchObject({
      status: 400,
      reason: 'unsigned',
      isKept: false,
    })
  expect(browser.jar.size).toBe(0)
})

test('what is signed for must be an id', async () => {
  const reasons = {
    '': 'uid_constant',
    NULL: 'uid_constant',
    $UID: 'uid_macro',
    'line\nbreak': 'uid_unfit',
    ['x'.repeat(513)]: 'uid_unfit',
  }
  for (const [uid, reason] of Object.entries(reasons))
    expect(await match(house.browser(), { uid })).toMatchObject({ status: 400, reason })
})

test('who is no partner here, does not sync, or is switched off starts nothing', async () => {
  expect(await match(house.browser(), { p: 'nobody' })).toMatchObject({ reason: 'partner_unknown' })
  expect(await match(house.browser(), { p: 'plain' })).toMatchObject({ reason: 'partner_unknown' })
  expect(await match(house.browser(), { p: 'idle' })).toMatchObject({ reason: 'partner_paused' })
})

describe('an unsigned match of a partner that is let', () => {
  const unsigned = { p: 'loose', s: '' }

  test('is the partner’s own word: its edge is its own, and its method unknown', async () => {
    const { uid, isKept } = await match(house.browser(), unsigned)
    expect(isKept).toBe(true)
    const edges = await edgesAt('loose', uid)
    const { number } = house.exchange.catalog()!.partner('loose')!
    expect(edges).toMatchObject([{ owner: number, method: 0, namespace: BROWSER.number }])
  })

  test('never replaces an id, signed or not', async () => {
    const browser = house.browser()
    const { uid } = await match(browser, unsigned)
    const again = await match(browser, unsigned)
    expect(again).toMatchObject({ status: 400, reason: 'held', isKept: false })
    expect(await house.matched('loose', [uid])).toEqual([uid])
    await browser.urls({ bidders: ['loose'] })
    const synced = house.browser()
    await synced.sync('loose', 'SURE')
    expect(await match(synced, unsigned)).toMatchObject({ reason: 'held' })
    expect(await house.matched('loose', ['SURE'])).toEqual(['SURE'])
  })

  test('makes way for a sync', async () => {
    const browser = house.browser()
    const { uid } = await match(browser, unsigned)
    house.clock.aheadMs = 13 * 86_400_000
    await browser.sync('loose', 'SYNCED')
    expect(await house.matched('loose', [uid, 'SYNCED'])).toEqual(['SYNCED'])
  })
})

describe('redir', () => {
  test('is followed to a registered host, with our pseudonym in place of $UID, raw or encoded', async () => {
    const browser = house.browser()
    const to = async (redir: string) =>
      (await match(browser, { redir })).answer.headers['location'] as string
    const raw = await to('https://dmp.example/back?a=b&id=$UID&again=$UID')
    const [, id] = /^https:\/\/dmp\.example\/back\?a=b&id=([\w-]{23})&again=\1$/.exec(raw) ?? []
    expect(id).toBeDefined()
    expect(await to('https://cdn.dmp.example/x/%24UID')).toBe(`https://cdn.dmp.example/x/${id}`)
    expect(await to('https://DMP.example?u=$UID')).toBe(`https://dmp.example/?u=${id}`)
  })

  test.each([
    'http://dmp.example/',
    'https://evil.example/',
    'https://dmp.example.evil.example/',
    'https://evil.example/https://dmp.example/',
    'https://dmp.example@evil.example/',
    'https://user:pass@dmp.example/',
    'https://dmp.example:8443/',
    'https://dmp.example:443/',
    'https://evil.example\\@dmp.example/',
    'https://dmp.example\\.evil.example/',
    'https:\\\\dmp.example/',
    'https:/dmp.example/',
    'https:dmp.example/',
    'https:///dmp.example/',
    'https:https://dmp.example/',
    '//dmp.example/',
    '///dmp.example',
    '/\\dmp.example',
    'javascript:alert(1)//dmp.example',
    'data:text/html,dmp.example',
    'https://dmp.example%2eevil.example/',
    'https://dmp.example%00.evil.example/',
    'https://dmp.example/\r\nset-cookie: a=b',
    'https://dmp.example/\n',
    ' https://dmp.example/',
    'https://dmp.example /',
    'https://dmp。example/',
    'https://ⅾmp.example/',
    'https://dmp.example./',
    'https://sub.dmp.example/',
    'https://$UID.dmp.example/',
    'https://[::1]/',
    'ftp://dmp.example/',
    'https://',
  ])('is refused: %s', async (redir) => {
    const refused = await match(house.browser(), { redir })
    expect(refused).toMatchObject({ status: 400, reason: 'redirect_refused', isKept: false })
    expect(refused.answer.headers['location']).toBeUndefined()
  })

  test('longer than 4096 characters is refused', async () => {
    const redir = `https://dmp.example/?${'x'.repeat(4_100)}`
    expect(await match(house.browser(), { redir })).toMatchObject({ reason: 'redirect_refused' })
  })
})

test('consent is asked before anything else', async () => {
  const denied = await match(house.browser(), { more: '&us_privacy=1YYN' })
  expect(denied).toMatchObject({ status: 451, reason: 'denied_us_privacy', isKept: false })
  const gpc = await house.browser().ask('GET', matchPath().path, { headers: { 'sec-gpc': '1' } })
  expect([gpc.status, gpc.headers['x-passerelle-reason']]).toEqual([451, 'denied_gpc'])
  for (const said of ['1', 'true', 'yes'])
    expect(await match(house.browser(), { more: `&gpc=${said}` })).toMatchObject({ status: 451 })
  expect(await match(house.browser(), { more: '&gpc=0' })).toMatchObject({ isKept: true })
})

test('who opted out is matched with nobody', async () => {
  const browser = house.browser()
  await browser.ask('GET', '/optout')
  expect(await match(browser)).toMatchObject({ status: 401, isKept: false })
})

test('a store that cannot write is told as such, whichever store it is', async () => {
  const { people } = house.store
  const link = people.link.bind(people)
  people.link = () => Promise.reject(new StoreFailed('disk full'))
  const failed = await match(house.browser())
  people.link = link
  expect(failed).toMatchObject({ status: 503, reason: 'store_away', isKept: false })
  expect(failed.answer.body.toString()).not.toContain('disk')
})

test('no handler failed', () => expect(house.failures).toEqual([]))

async function edgesAt(partner: string, uid: string) {
  const key = house.audience.userKeys()!.of(house.namespace(partner), uid)
  const [record] = await house.store.people.recall([key])
  return unpackEdges(record!.edges)
}
