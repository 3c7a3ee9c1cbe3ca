import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreFailed } from '../../audience/store/store-failed.ts'
// @ts-expect-error plain JavaScript, as everything in scripts/
import { buildTag } from '../../scripts/build.mjs'
import { tcText } from '../audience/consent/support/tc-writer.ts'
import { EDGE, keptBy, SHOP, sentBy, TagWorld } from '../support/web/tag-world.ts'
import { oddPages } from './odd-pages.ts'

// The tag as it is served, in a real browser, on a page of somebody else's under a strict policy.

const WAIT = { timeout: 30_000, interval: 25 }
const NOTHING = { cookie: '', storage: 0 }

let world: TagWorld
let script: string
beforeAll(async () => {
  script = await buildTag()
  world = await TagWorld.open(script)
})
afterAll(() => world?.close())
beforeEach(() => world.clear())

/** Until so many messages were taken in. */
async function arrived(count: number) {
  const events = await world.queued()
  await vi.waitFor(async () => {
    events.push(...(await world.queued()))
    expect(events).toHaveLength(count)
  }, WAIT)
  return events
}

describe('as it is served', () => {
  test('is smaller than 10 kB, kept by browsers, and asked for again in vain', async () => {
    expect(Buffer.byteLength(script)).toBeLessThan(10_000)
    expect(gzipSync(script).length).toBeLessThan(4_000)
    expect(script).not.toMatch(/\beval\b|new Function|document\.write/)
    const plain = await world.house.ask('GET', '/tag.js?key=x', { headers: {} })
    expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(plain.headers['cache-control']).toContain('max-age=3600')
    expect(plain.body.toString()).toBe(script)
    const headers = { 'accept-encoding': 'gzip, br' }
    const zipped = await world.house.ask('GET', '/tag.js', { headers })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(zipped.body).toString()).toBe(script)
    const etag = String(plain.headers['etag'])
    const again = await world.house.ask('GET', '/tag.js', { headers: { 'if-none-match': etag } })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })
})

describe('without a consent tool', () => {
  test('tells what happened before it came and after, of one visitor on all pages, to nobody but the collector', async () => {
    const page = await world.visit('/a', world.tag('&gdpr=0', `passerelle('track', 'Early', {})`))
    expect(await sentBy(page)).toEqual([])
    await page.clock.runFor(5_000)
    await page.evaluate(`passerelle('identify', 'u 1', { plan: 'pro' })`)
    await page.clock.runFor(1_000)
    const first = await arrived(3)
    const sent = await sentBy(page)
    expect(sent.map(({ type, event }) => event ?? type)).toEqual(['page', 'Early', 'identify'])
    expect(sent[0]!.context.page).toMatchObject({ path: '/a', url: `https://${SHOP}/a` })
    const { anonymousId } = sent[0]!
    expect(anonymousId).toMatch(/^[0-9a-f]{32}$/)
    expect(first.map(({ about, sameAs }) => [about.value, sameAs?.value])).toEqual([
      [anonymousId, undefined],
      [anonymousId, undefined],
      ['u 1', anonymousId],
    ])
    const asked = new Set<string>()
    world.chromium.context.on('request', (one) => asked.add(new URL(one.url()).host))
    const next = await world.visit('/b', world.tag('&gdpr=0'))
    await next.clock.runFor(5_000)
    const [view] = await arrived(1)
    expect([view!.about.value, view!.sameAs!.value]).toEqual(['u 1', anonymousId])
    const [cookie] = await world.chromium.context.cookies()
    expect(cookie).toMatchObject({
      ...{ name: 'psr_id', domain: '.shop.example', path: '/', secure: true, sameSite: 'Lax' },
    })
    expect(asked).toEqual(new Set([EDGE, SHOP]))
    const [batch] = world.batches()
    expect(batch!.headers).toMatchObject({ 'content-type': 'text/plain' })
    expect(batch!.headers.cookie).toBeUndefined()
    expect(world.web.visits.filter(({ method }) => method === 'OPTIONS')).toEqual([])
  })

  test('sends and keeps nothing where the GDPR is taken to apply, however long it waits', async () => {
    const page = await world.visit('/a', world.tag('', `passerelle('track', 'Early')`))
    await page.clock.runFor(120_000)
    await page.evaluate(`passerelle('track', 'Late')`)
    await page.clock.runFor(120_000)
    expect([await sentBy(page), await keptBy(page)]).toEqual([[], NOTHING])
  })

  test('goes by what the page’s own banner was told', async () => {
    const page = await world.visit('/a', world.tag())
    const say = (consent: object) =>
      page.evaluate(`passerelle('consent', ${JSON.stringify(consent)})`)
    await say({ gdpr: 0 })
    await page.clock.runFor(30_000)
    expect([await sentBy(page), await keptBy(page)]).toEqual([[], NOTHING])
    await say({ granted: true, gdpr: 0 })
    await page.evaluate(`passerelle('track', 'Allowed')`)
    await page.clock.runFor(1_000)
    await arrived(1)
    expect((await sentBy(page)).map(({ event, context }) => [event, context.consent])).toEqual([
      ['Allowed', { gdpr: 0 }],
    ])
    await say({ granted: false })
    expect(await keptBy(page)).toEqual(NOTHING)
  })
})

/** A TCF tool that says what the test says. */
const TCF = `
  window.tcf = { listeners: [], say(data) { for (const one of this.listeners) one(data, true) } }
  window.__tcfapi = (command, version, then) => {
    if (command === 'addEventListener' && version === 2) tcf.listeners.push(then)
  }`
const GRANTED = tcText({ purposes: [1, 3], vendors: [21], disclosed: [21] })
const tcData = (eventStatus: string, purposes: number[], vendors: number[] = [21]) => {
  const each = (ids: number[]) => ({ consents: Object.fromEntries(ids.map((id) => [id, true])) })
  const choice = { purpose: each(purposes), vendor: each(vendors) }
  return JSON.stringify({ eventStatus, gdprApplies: true, tcString: GRANTED, ...choice })
}

describe('with a TCF tool', () => {
  test('waits for the choice, then tells what waited, and takes its id back with the consent', async () => {
    const page = await world.visit(
      '/a',
      world.tag('&vendor=21', `passerelle('track', 'Early')`),
      TCF,
    )
    const say = (data: string) => page.evaluate(`tcf.say(${data})`)
    await say(tcData('cmpuishown', [1, 3]))
    await page.clock.runFor(60_000)
    expect([await sentBy(page), await keptBy(page)]).toEqual([[], NOTHING])
    await say(tcData('useractioncomplete', [1, 3]))
    await page.clock.runFor(1_000)
    const events = await arrived(2)
    const { anonymousId, context } = (await sentBy(page))[0]!
    expect(context.consent).toEqual({ gdpr: 1, gdprConsent: GRANTED })
    expect((await keptBy(page)).cookie).toBe(`psr_id=${anonymousId}`)
    await say(tcData('cmpuishown', [1, 3]))
    await say(tcData('useractioncomplete', []))
    expect(await keptBy(page)).toEqual(NOTHING)
    await page.evaluate(`passerelle('track', 'Denied')`)
    await page.clock.runFor(60_000)
    expect(await sentBy(page)).toHaveLength(2)
    await say(tcData('useractioncomplete', [1, 3]))
    await page.evaluate(`passerelle('track', 'Again')`)
    await page.clock.runFor(1_000)
    const [again] = await arrived(1)
    expect(again!.about.value).not.toBe(events[0]!.about.value)
  })

  test.each([
    ['one purpose is missing', tcData('tcloaded', [1])],
    ['the vendor is missing', tcData('tcloaded', [1, 3], [])],
  ])('sends and keeps nothing where %s', async (_, data) => {
    const first = `${TCF}\n;const { push } = Array.prototype
      tcf.listeners.push = function (then) { push.call(this, then); then(${data}, true) }`
    const page = await world.visit('/a', world.tag('&vendor=21&gdpr=0'), first)
    await page.evaluate(`passerelle('identify', 'u1')`)
    await page.clock.runFor(60_000)
    expect([await sentBy(page), await keptBy(page)]).toEqual([[], NOTHING])
  })

  test('tells at once where the GDPR does not apply', async () => {
    const page = await world.visit('/a', world.tag(), TCF)
    await page.evaluate(`tcf.say({ eventStatus: 'tcloaded', gdprApplies: false })`)
    await page.clock.runFor(1_000)
    await arrived(1)
    expect((await sentBy(page))[0]!.context.consent).toEqual({ gdpr: 0 })
  })
})

/** A GPP tool, a US Privacy tool and Global Privacy Control, each saying what the test says. */
const gpp = (ping: object) =>
  `window.__gpp = (command, then) => command === 'addEventListener' && then({ pingData: ${JSON.stringify(ping)} })`
const usp = (uspString: string) =>
  `window.__uspapi = (command, version, then) => setTimeout(() => then({ uspString: '${uspString}' }, true))`
const GPC = `Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })`
const NATIONAL = 'DBABLA~BVQqAAAAAgA.QA'
const national = (section: object) =>
  gpp({
    ...{ signalStatus: 'ready', applicableSections: [7], gppString: NATIONAL },
    parsedSections: { usnat: [{ SaleOptOut: 2, ...section }, { Gpc: false }] },
  })
const european = (PurposeConsents: unknown) =>
  gpp({
    ...{ signalStatus: 'ready', applicableSections: [2], gppString: `DBABMA~${GRANTED}` },
    parsedSections: { tcfeuv2: { PurposeConsents } },
  })

describe('with other tools', () => {
  test.each([
    ['a US section without an opt-out', national({}), { gdpr: 0, gpp: NATIONAL, gppSid: '7' }],
    ['a US Privacy string without one', usp('1YNN'), { usPrivacy: '1YNN' }],
    [
      'a TCF section that grants both purposes, as a list of ids',
      european([1, 3]),
      { gdpr: 1, gpp: `DBABMA~${GRANTED}`, gppSid: '2' },
    ],
    [
      'the same as a yes or no for each',
      european([true, false, true]),
      { gdpr: 1, gpp: `DBABMA~${GRANTED}`, gppSid: '2' },
    ],
  ])('tells with %s, and the collector reads it alike', async (_, first, consent) => {
    const page = await world.visit('/a', world.tag('&gdpr=0'), first)
    await page.clock.runFor(5_000)
    await arrived(1)
    expect((await sentBy(page))[0]!.context.consent).toEqual(consent)
  })

  test.each([
    ['a US section with an opt-out', national({ SharingOptOut: 1 })],
    ['a section that is not ready', gpp({ signalStatus: 'not ready', applicableSections: [7] })],
    ['a US Privacy string with an opt-out', usp('1YYN')],
    ['a TCF section that grants one purpose', european([1])],
    ['Global Privacy Control', GPC],
  ])('sends and keeps nothing with %s', async (_, first) => {
    const page = await world.visit('/a', world.tag('&gdpr=0'), first)
    await page.clock.runFor(60_000)
    expect([await sentBy(page), await keptBy(page)]).toEqual([[], NOTHING])
  })
})

describe('a visitor', () => {
  test('who opts out is nobody until the word is taken back, and then somebody else', async () => {
    const page = await world.visit('/a', world.tag('&gdpr=0'))
    await page.clock.runFor(5_000)
    const [before] = await arrived(1)
    await page.evaluate(`passerelle('optOut'); passerelle('track', 'Unseen')`)
    await page.clock.runFor(60_000)
    expect(await sentBy(page)).toHaveLength(1)
    expect((await keptBy(page)).cookie).toBe('psr_id=optout')
    const next = await world.visit('/b', world.tag('&gdpr=0'))
    await next.clock.runFor(60_000)
    expect(await sentBy(next)).toEqual([])
    await next.evaluate(`passerelle('optIn'); passerelle('track', 'Seen')`)
    await next.clock.runFor(1_000)
    const [after] = await arrived(1)
    expect(after!.about.value).toMatch(/^[0-9a-f]{32}$/)
    expect(after!.about.value).not.toBe(before!.about.value)
  })

  test('who signs out is somebody else from then on', async () => {
    const commands = `passerelle('identify', 'u1'); passerelle('reset'); passerelle('track', 'x')`
    const page = await world.visit('/a', world.tag('&gdpr=0&page=0', commands))
    await page.clock.runFor(5_000)
    const [known, stranger] = await arrived(2)
    expect(known!.about.value).toBe('u1')
    expect(stranger!.sameAs).toBeUndefined()
    expect(stranger!.about.value).not.toBe(known!.sameAs!.value)
  })
})

describe('trouble', () => {
  test('offline, nothing is lost, and all of it comes once the browser is back', async () => {
    const page = await world.visit('/a', world.tag('&gdpr=0'))
    await page.clock.runFor(5_000)
    await arrived(1)
    await world.chromium.context.setOffline(true)
    try {
      await page.evaluate(`for (let i = 0; i < 30; i++) passerelle('track', 'Offline ' + i)`)
      await page.clock.runFor(600_000)
      expect(await sentBy(page)).toHaveLength(1)
    } finally {
      await world.chromium.context.setOffline(false)
    }
    await page.clock.runFor(1_000)
    await vi.waitFor(async () => {
      await page.clock.runFor(1_000)
      expect(await sentBy(page)).toHaveLength(31)
    }, WAIT)
    expect((await arrived(30)).length).toBe(30)
  })

  test('a collector that is away is asked again, later each time, and counts a message once', async () => {
    const { events } = world.house.store
    const append = events.append.bind(events)
    const page = await world.visit('/a', world.tag('&gdpr=0'))
    const before = world.batches().length
    let failures = 3
    events.append = (all) =>
      failures-- > 0 ? Promise.reject(new StoreFailed('away')) : append(all)
    try {
      await page.clock.runFor(5_000)
      await vi.waitFor(async () => {
        await page.clock.runFor(2_000)
        const statuses = world
          .batches()
          .slice(before)
          .map(({ status }) => status)
        expect(statuses).toEqual([503, 503, 503, 200])
      }, WAIT)
    } finally {
      events.append = append
    }
    expect(await world.house.store.events.depth()).toBe(1)
    await arrived(1)
  })

  test('a page that goes at once has its last words sent behind its back', async () => {
    const page = await world.visit('/a', world.tag('&gdpr=0'))
    await page.clock.runFor(5_000)
    await arrived(1)
    await page.evaluate(`passerelle('track', 'Leaving')`)
    await page.goto(`https://${SHOP}/elsewhere`)
    await arrived(1)
  })
})

test('two tags on a page both hear every command, and one that stands there twice is one', async () => {
  const other = `<script async src="https://${EDGE}/tag.js?key=${world.keys.other}&gdpr=0&cookie=other"></script>`
  const html = world.tag('&gdpr=0', `passerelle('track', 'Early')`) + other + world.tag('&gdpr=0')
  const page = await world.visit('/a', html)
  await page.clock.runFor(5_000)
  await page.evaluate(`passerelle('track', 'Late')`)
  await page.clock.runFor(1_000)
  const events = await arrived(6)
  for (const source of ['shop', 'other']) {
    const own = events.filter((event) => event.source === source)
    expect(own).toHaveLength(3)
    expect(new Set(own.map(({ about }) => about.value)).size).toBe(1)
  }
  expect(new Set(events.map(({ about }) => about.value)).size).toBe(2)
})

describe('on odd pages', () => oddPages(() => world))
