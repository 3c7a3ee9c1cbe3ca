import { afterAll, beforeAll, expect, test } from 'vitest'
import { MAIN_COOKIE, TWIN_COOKIE } from '../../../gateway/edge/cookies.ts'
import { type EdgeAnswer, EdgeHouse, imageSync, pathBack } from '../../support/edge-house.ts'

// From a page to a partner and back, over real HTTP, with the embedded store.

let house: EdgeHouse

beforeAll(async () => {
  house = await EdgeHouse.open()
  await house.partners({ 'north-dmp': imageSync(), 'south-dsp': imageSync({ ttlDays: 20 }) })
})
afterAll(() => house.close())

test('a browser is matched with two partners, and they are not asked again', async () => {
  const browser = house.browser()
  const first = await browser.plan({ bidders: ['north-dmp', 'south-dsp'] })
  expect(first.status).toBe('no_cookie')
  const urls = Object.fromEntries(first.bidder_status.map((one) => [one.bidder, one.usersync.url]))
  for (const [partner, uid] of [
    ['north-dmp', 'N-1'],
    ['south-dsp', 'S-1'],
  ] as const) {
    const answer = await browser.back(urls[partner]!, uid)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'image/png'])
    expect(answer.body.length).toBe(86)
    expect(await house.matched(partner, [uid])).toEqual([uid])
  }
  const again = await browser.plan({ bidders: ['north-dmp', 'south-dsp'] })
  expect([again.status, again.bidder_status]).toEqual(['ok', []])
})

test('both cookies are set at once, bound to https, and out of reach of scripts', async () => {
  const browser = house.browser()
  const answer = await browser.ask('POST', '/cookie_sync', { body: '{}' })
  const lines = answer.headers['set-cookie'] as string[]
  const common = 'Max-Age=7776000; Path=/; Secure; HttpOnly; SameSite=None'
  expect(lines[0]).toMatch(new RegExp(`^${MAIN_COOKIE}=[A-Za-z0-9_-]+; ${common}$`))
  expect(lines[1]).toMatch(new RegExp(`^${TWIN_COOKIE}=met\\.[0-9a-z]+; ${common}; Partitioned$`))
  expect(answer.headers['cache-control']).toBe('no-store, private')
})

test('the same state with the same id again is the same 200; another id is refused and changes nothing', async () => {
  const browser = house.browser()
  const { 'north-dmp': url } = await browser.urls({ bidders: ['north-dmp'] })
  for (let i = 0; i < 2; i++) expect((await browser.back(url!, 'N-2')).status).toBe(200)
  const replay = await browser.back(url!, 'EVIL')
  expect([replay.status, replay.headers['x-passerelle-reason']]).toEqual([400, 'state_used'])
  expect(await house.matched('north-dmp', ['N-2', 'EVIL'])).toEqual(['N-2'])
})

test('a partner that is paused meanwhile brings no id any more; one that is only not asked any more does', async () => {
  await house.partners({ gone: imageSync(), idle: imageSync() })
  const browser = house.browser()
  const urls = await browser.urls({ bidders: ['gone', 'idle'] })
  const paused = { ...imageSync(), status: 'paused' }
  await house.partners({ gone: paused, idle: imageSync({ enabled: false }) })
  const refused = await browser.back(urls['gone']!, 'X-1')
  expect([refused.status, refused.headers['x-passerelle-reason']]).toEqual([400, 'partner_paused'])
  expect(await house.matched('gone', ['X-1'])).toEqual([])
  expect((await browser.back(urls['idle']!, 'X-1')).status).toBe(200)
  expect(await house.matched('idle', ['X-1'])).toEqual(['X-1'])
})

test('of the same state used twice at one moment, one id is taken', async () => {
  const browser = house.browser()
  const { 'north-dmp': url } = await browser.urls({ bidders: ['north-dmp'] })
  const uids = ['RACE-1', 'RACE-2', 'RACE-3']
  const answers = await Promise.all(uids.map((uid) => browser.back(url!, uid)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  expect(await house.matched('north-dmp', uids)).toHaveLength(1)
})

test('a state is worth nothing once it is bent, old, another partner’s, or another browser’s', async () => {
  const [browser, other] = [house.browser(), house.browser()]
  const urls = await browser.urls({ bidders: ['north-dmp', 'south-dsp'] })
  const path = pathBack(urls['north-dmp']!, 'X-1')
  await other.plan({})
  const bent = path.replace(/(&s=.{20})(.)/, (_, a, b) => a + (b === 'A' ? 'B' : 'A'))
  const refused = [
    ['state_forged', await browser.ask('GET', bent)],
    ['state_forged', await other.ask('GET', path)],
    ['state_unreadable', await browser.ask('GET', path.replace(/&s=[^&]+/, '&s=abc'))],
    ['state_missing', await browser.ask('GET', path.replace(/&s=[^&]+/, ''))],
    ['state_other_partner', await browser.ask('GET', path.replace('north-dmp', 'south-dsp'))],
    ['no_cookie', await house.browser().ask('GET', path)],
  ] as [string, EdgeAnswer][]
  house.clock.aheadMs += 11 * 60_000
  refused.push(['state_expired', await browser.ask('GET', path)])
  house.clock.aheadMs = 0
  for (const [reason, answer] of refused)
    expect([answer.status, answer.headers['x-passerelle-reason']]).toEqual([400, reason])
  for (const partner of ['north-dmp', 'south-dsp'])
    expect(await house.matched(partner, ['X-1'])).toEqual([])
})

test('a new id replaces the old one, and an empty one takes it away', async () => {
  const browser = house.browser()
  await browser.sync('north-dmp', 'OLD')
  house.clock.aheadMs += 13 * 86_400_000
  await browser.sync('north-dmp', 'NEW')
  expect(await house.matched('north-dmp', ['OLD', 'NEW'])).toEqual(['NEW'])
  house.clock.aheadMs += 13 * 86_400_000
  expect((await browser.sync('north-dmp', '')).status).toBe(200)
  expect(await house.matched('north-dmp', ['OLD', 'NEW'])).toEqual([])
  house.clock.aheadMs = 0
})

test('an opt-out sticks: nothing is synced, nothing taken, and what was matched is gone', async () => {
  const browser = house.browser()
  await browser.sync('north-dmp', 'OUT-1')
  const { 'south-dsp': url } = await browser.urls({ bidders: ['south-dsp'] })
  expect((await browser.ask('GET', '/optout')).status).toBe(200)
  expect(await house.matched('north-dmp', ['OUT-1'])).toEqual([])
  const plan = await browser.ask('POST', '/cookie_sync', { body: '{}' })
  expect([plan.status, plan.body.toString()]).toEqual([401, 'User has opted out'])
  expect((await browser.back(url!, 'OUT-2')).status).toBe(401)
  const foreign = { headers: { 'sec-fetch-site': 'cross-site' }, body: 'optout=0' }
  expect((await browser.ask('POST', '/optout', foreign)).status).toBe(403)
  expect((await browser.ask('POST', '/cookie_sync', { body: '{}' })).status).toBe(401)
  const own = { headers: { 'sec-fetch-site': 'same-origin' }, body: 'optout=0' }
  expect((await browser.ask('POST', '/optout', own)).status).toBe(200)
  expect((await browser.plan({})).status).toBe('no_cookie')
})

test('a partner that another process gave sync settings is offered in the very next answer', async () => {
  const desk = await house.otherDesk()
  for (let i = 0; i < 5; i++) {
    await desk.put(`late-${i}`)
    const { bidder_status } = await house.browser().plan({ bidders: [`late-${i}`] })
    expect(bidder_status.map(({ bidder }) => bidder)).toEqual([`late-${i}`])
    house.clock.aheadMs += 20
  }
  house.clock.aheadMs = 0
  await desk.close()
})

test('no handler failed', () => expect(house.failures).toEqual([]))
