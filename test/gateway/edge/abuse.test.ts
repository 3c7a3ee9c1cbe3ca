import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { StoreUnreachable } from '../../../audience/store/redis/store-unreachable.ts'
import { SYNC_LIMITS } from '../../../exchange/sync/limits.ts'
import { MAIN_COOKIE, TWIN_COOKIE } from '../../../gateway/edge/cookies.ts'
import {
  EdgeHouse,
  imageSync,
  OPERATOR,
  pathBack,
  type TestBrowser,
} from '../../support/edge-house.ts'
import { idsOf, matchWith } from '../../support/sync-world.ts'

// What people do to sync endpoints, and what becomes of it here.

let house: EdgeHouse

beforeAll(async () => {
  house = await EdgeHouse.open()
  await house.partners({
    dsp: imageSync(),
    household: imageSync({ sharedIds: true }),
    named: {
      sync: { redirect: { url: 'https://n.example/s?u={uid}&c={gdpr_consent}&r={redirect}' } },
    },
  })
})
afterAll(async () => {
  await house.close()
  expect(house.failures).toEqual([])
})
beforeEach(() => {
  house.clock.aheadMs = 0
})

describe('a page learns no id', () => {
  test('from two answers nothing is the same that another browser’s answer does not have as well', async () => {
    const [browser, other] = [house.browser(), house.browser()]
    await browser.plan({ limit: 1 })
    await other.plan({ limit: 1 })
    const wordsOf = async (who: TestBrowser) => {
      const answer = await who.ask('POST', '/cookie_sync', { body: '{"debug":true}' })
      const readable = Object.entries(answer.headers).filter(([name]) => name !== 'set-cookie')
      const text = decodeURIComponent(answer.body.toString()) + JSON.stringify(readable)
      // Of states, any four characters in their places.
      const states = [...text.matchAll(/[?&]s=([\w-]{40})/g)].flatMap(([, state]) =>
        Array.from({ length: 10 }, (_, i) => `${i}:${state!.slice(i * 4, i * 4 + 4)}`),
      )
      return new Set([...text.split(/[^\w-]+/), ...states])
    }
    const [first, second, others] = [
      await wordsOf(browser),
      await wordsOf(browser),
      await wordsOf(other),
    ]
    expect([...first].filter((word) => second.has(word) && !others.has(word))).toEqual([])
  })

  test('from /getuids, which there is not', async () => {
    expect((await house.browser().ask('GET', '/getuids')).status).toBe(404)
  })

  test('from scripts: both cookies are for http only', async () => {
    const answer = await house.browser().ask('POST', '/cookie_sync', { body: '{}' })
    for (const line of answer.headers['set-cookie'] as string[])
      expect(line).toContain('; HttpOnly')
  })
})

describe('other origins', () => {
  const allowed = async (origin: string) => {
    const answer = await house.browser({ origin }).ask('POST', '/cookie_sync', { body: '{}' })
    return answer.headers['access-control-allow-origin']
  }

  test('get exactly their own name back, with credentials, and caches are told', async () => {
    const answer = await house
      .browser({ origin: 'https://a.example' })
      .ask('POST', '/cookie_sync', { body: '{' })
    expect(answer.status).toBe(400)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      vary: 'origin',
    })
    for (const odd of ['null', 'https://a b', 'javascript:1', `https://${'a'.repeat(600)}`, ''])
      expect(await allowed(odd)).toBeUndefined()
  })

  test('may ask first', async () => {
    const asked = {
      headers: {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    }
    const answer = await house.browser().ask('OPTIONS', '/cookie_sync', asked)
    expect(answer.status).toBe(204)
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://news.example',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
    })
  })
})

describe('header injection', () => {
  const EVIL = 'x\r\nset-cookie: a=b\r\n\r\n<script>'

  test('in what a page says of consent stays inside the address, encoded', async () => {
    const browser = house.browser()
    const body = { bidders: ['dsp', 'named'], gdpr: 0, gdpr_consent: EVIL, us_privacy: EVIL }
    const urls = await browser.urls(body)
    expect(urls['dsp']).not.toMatch(/[\r\n<>]/)
    expect(new URL(urls['dsp']!).searchParams.get('consent')).toBe(EVIL)
    const hop = await browser.ask('GET', urls['named']!.slice('https://edge.test'.length))
    expect(hop.status).toBe(302)
    expect(new URL(hop.headers['location'] as string).searchParams.get('c')).toBe(EVIL)
    expect(hop.headers['set-cookie']).toBeUndefined()
  })

  test('in an id refuses it', async () => {
    const browser = house.browser()
    const { dsp } = await browser.urls({ bidders: ['dsp'] })
    const answer = await browser.ask('GET', `${pathBack(dsp!, '')}${encodeURIComponent(EVIL)}`)
    expect([answer.status, answer.headers['x-passerelle-reason']]).toEqual([400, 'uid_unfit'])
  })

  test('in a partner’s settings is refused where they are written', async () => {
    const { desk } = house.exchange
    const bad = [
      { url: 'https://x.example/\r\nset-cookie: a=b', userMacro: '$UID' },
      { url: 'https://x.example/ a', userMacro: '$UID' },
      { url: 'https://x.example/é', userMacro: '$UID' },
      { url: 'https://x.example/', userMacro: 'a\nb' },
      { url: 'javascript:alert(1)', userMacro: '$UID' },
      { url: 'https://x.example/?s={sig}', userMacro: '$UID' },
      { url: 'https://x.example/?s={secret}', userMacro: '$UID' },
    ]
    for (const redirect of bad) {
      const body = {
        name: 'x',
        domain: 'x.example',
        roles: ['dsp'],
        region: 'US',
        sync: { redirect },
      }
      await expect(desk.putPartner(OPERATOR, { id: 'x', body })).rejects.toThrow(/sync\.redirect/)
    }
  })
})

describe('cookie bombs', () => {
  const planWith = (cookie: string) =>
    house
      .browser()
      .ask('POST', '/cookie_sync', { body: '{"bidders":["dsp"]}', headers: { cookie } })

  test('of any make leave a browser that is new to us', async () => {
    const bombs = [
      `${MAIN_COOKIE}=${'A'.repeat(12_000)}`,
      `${MAIN_COOKIE}=${'%'.repeat(300)}`,
      Array.from({ length: 400 }, (_, i) => `${MAIN_COOKIE}=${i}`).join('; '),
      `${MAIN_COOKIE}; ${MAIN_COOKIE}=; =; ;;;`,
      `x${MAIN_COOKIE}=1; ${MAIN_COOKIE}x=1`,
      `${TWIN_COOKIE}=${'met.'.repeat(2_000)}`,
    ]
    for (const bomb of bombs) {
      const answer = await planWith(bomb)
      expect([answer.status, JSON.parse(answer.body.toString()).bidder_status.length]).toEqual([
        200, 1,
      ])
    }
  })

  test('beyond 16 KiB of headers close the connection', async () => {
    await expect(planWith('a'.repeat(17 * 1024))).rejects.toThrow()
  })
})

test('what is nested thousands deep beside the filters is passed over', async () => {
  const deep = '['.repeat(7_000) + ']'.repeat(7_000)
  const body = `{"limit":1,"filterSettings":{"image":{"bidders":"*","filter":"include"},"other":${deep}}}`
  const answer = await house.browser().ask('POST', '/cookie_sync', { body })
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.body.toString()).bidder_status).toHaveLength(1)
})

test('a body beyond 16 KiB is answered 413, and one of 100,000 bidders within it is cut short', async () => {
  const large = JSON.stringify({ bidders: Array.from({ length: 2_000 }, (_, i) => `bidder-${i}`) })
  const origin = 'https://news.example'
  const refused = await house
    .browser()
    .ask('POST', '/cookie_sync', { body: large, headers: { origin } })
  expect(refused.status).toBe(413)
  // A page may read it: without these its script would take it for a network that failed.
  expect(refused.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'cache-control': 'no-store, private',
    'x-passerelle-reason': 'too_large',
  })
  const many = JSON.stringify({ bidders: Array.from({ length: 3_000 }, () => 'a'), debug: true })
  const answer = await house.browser().ask('POST', '/cookie_sync', { body: many })
  expect(JSON.parse(answer.body.toString()).debug).toHaveLength(SYNC_LIMITS.biddersMax)
})

describe('one id for thousands of people', () => {
  const syncAs = async (partner: string, uid: string, times: number) => {
    const browsers: TestBrowser[] = []
    const reasons: unknown[] = []
    for (let i = 0; i < times; i++) {
      const browser = house.browser()
      const answer = await browser.sync(partner, uid)
      browsers.push(browser)
      reasons.push(answer.headers['x-passerelle-reason'] ?? answer.status)
    }
    return { browsers, reasons }
  }

  test('is put into quarantine: taken from everybody who had it, and refused for a month', async () => {
    const max = SYNC_LIMITS.browsersPerIdMax
    const { browsers, reasons } = await syncAs('dsp', 'BOT', max + 3)
    expect(reasons).toEqual([
      ...Array.from({ length: max }, () => 200),
      'hot_id',
      'quarantined',
      'quarantined',
    ])
    expect(await house.matched('dsp', ['BOT'])).toEqual([])
    expect(await idsOf(house, browsers[0]!)).toEqual({})
    house.clock.aheadMs = 29 * 86_400_000
    expect((await syncAs('dsp', 'BOT', 1)).reasons).toEqual(['quarantined'])
    house.clock.aheadMs = 31 * 86_400_000
    expect((await syncAs('dsp', 'BOT', 1)).reasons).toEqual([200])
  })

  test('is taken from everybody also where the store failed in the middle: by whoever comes with it next', async () => {
    const max = SYNC_LIMITS.browsersPerIdMax
    await syncAs('dsp', 'BOT-2', max)
    const { people } = house.store
    const unlink = people.unlink.bind(people)
    people.unlink = async () => {
      people.unlink = unlink
      throw new StoreUnreachable('down')
    }
    expect((await syncAs('dsp', 'BOT-2', 1)).reasons).toEqual(['store_away'])
    expect(await house.matched('dsp', ['BOT-2'])).toEqual(['BOT-2'])
    expect((await syncAs('dsp', 'BOT-2', 1)).reasons).toEqual(['quarantined'])
    expect(await house.matched('dsp', ['BOT-2'])).toEqual([])
  })

  test('is let be where the partner shares ids on purpose, up to what one person may have', async () => {
    const { reasons } = await syncAs('household', 'HOME', 66)
    expect(reasons.filter((one) => one === 200)).toHaveLength(63)
    expect(reasons.slice(63)).toEqual(['too_many_ids', 'too_many_ids', 'too_many_ids'])
  })
})

test('a browser whose id changes four times a day keeps the last it had', async () => {
  const browser = house.browser()
  await browser.plan({ limit: 1 })
  const reasons: unknown[] = []
  for (let i = 0; i < 6; i++) reasons.push(await change(browser, `C-${i}`))
  expect(reasons).toEqual([200, 200, 200, 200, 'frozen', 'frozen'])
  expect(await idsOf(house, browser)).toEqual({ dsp: ['C-3'] })
  // One it had today already is none too many.
  expect(await change(browser, 'C-2')).toBe(200)
  house.clock.aheadMs = 86_400_000
  expect(await change(browser, 'C-9')).toBe(200)
})

async function change(browser: TestBrowser, uid: string): Promise<unknown> {
  return matchWith(house, browser, { partner: 'dsp', uid }).then(
    () => 200,
    (error) => (/frozen|too often/.test(String(error)) ? 'frozen' : String(error)),
  )
}

test('100,000 matches written at one person stop at 64 ids, and the person can still be read', async () => {
  const dsp = house.namespace('dsp')
  const household = house.namespace('household')
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: 99_999 }
  let made = 0
  for (let from = 0; from < 100_000; from += 10_000) {
    const edges = Array.from({ length: 10_000 }, (_, i) => ({
      a: { namespace: dsp, value: 'VICTIM' },
      b: { namespace: household, value: `flood-${from + i}` },
      owner: 1,
      method: 0,
      ...days,
    }))
    made += (await house.audience.link(edges)).filter(({ ok }) => ok).length
  }
  expect(made).toBe(63)
  const [matches] = await house.audience.matchesOf([{ namespace: dsp, value: 'VICTIM' }])
  expect(matches!.count).toBe(63)
})

test('the names of what belongs to nobody are nobody’s to take', async () => {
  const body = { name: 'x', domain: 'x.example', roles: ['dsp'], region: 'US' }
  for (const id of ['browser', 'ifa', 'exchange'])
    await expect(house.exchange.desk.putPartner(OPERATOR, { id, body })).rejects.toThrow(/taken/)
})

test('a connection that goes away in the middle hurts nobody', async () => {
  const headers = { 'content-length': '100', host: 'x' }
  const cut = request({ port: house.door.port, method: 'POST', path: '/cookie_sync', headers })
  cut.on('error', () => {})
  cut.write('{')
  await new Promise((resolve) => cut.once('socket', (socket) => socket.once('connect', resolve)))
  cut.destroy()
  expect((await house.browser().plan({})).status).toBe('no_cookie')
})
