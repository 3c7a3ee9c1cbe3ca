import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EdgeHouse, imageSync, pathBack, type TestBrowser } from '../../support/edge-house.ts'
import { matchWith } from '../../support/sync-world.ts'

// Where we lead a browser ourselves: to partners whose address carries an id of ours, and along routes.

let house: EdgeHouse

const withId = (more: object = {}) => ({
  sync: {
    redirect: { url: 'https://p.example/s?u={uid}&t={ts}&r={redirect}', userMacro: '$UID' },
    ...more,
  },
})

beforeAll(async () => {
  house = await EdgeHouse.open()
  await house.partners({
    secretive: withId(),
    curious: withId(),
    oneway: { sync: { redirect: { url: 'https://one.example/s?u={uid}' } } },
    strict: imageSync(),
    last: imageSync(),
    start: imageSync(),
  })
  // A route may only name partners that are there.
  await house.partners({
    last: imageSync({ route: ['start'] }),
    start: imageSync({ route: ['strict', 'last', 'start'] }),
    pusher: imageSync({ route: ['oneway'] }),
    framed: {
      sync: {
        iframe: { url: 'https://f.example/s?r={redirect}', userMacro: '$UID' },
        route: ['last'],
      },
    },
  })
})
afterAll(() => house.close())
beforeEach(() => {
  house.clock.aheadMs = 0
})

/** Follows our own address to the partner's, as a browser would. */
async function led(browser: TestBrowser, url: string): Promise<URL> {
  const answer = await browser.ask('GET', url.slice('https://edge.test'.length))
  expect([answer.status, answer.headers['referrer-policy']]).toEqual([302, 'no-referrer'])
  expect(answer.headers['cache-control']).toBe('no-store, private')
  // Pages that let nothing be embedded but what says so (COEP) judge redirects by it, too.
  expect(answer.headers['cross-origin-resource-policy']).toBe('cross-origin')
  return new URL(answer.headers['location'] as string)
}

describe('a partner whose address carries an id of ours', () => {
  test('is reached over an address of our own, so that no page sees the id', async () => {
    const browser = house.browser()
    const urls = await browser.urls({ bidders: ['secretive'] })
    expect(urls['secretive']).toMatch(/^https:\/\/edge\.test\/sync\?bidder=secretive&f=i&s=/)
    const to = await led(browser, urls['secretive']!)
    expect(to.host).toBe('p.example')
    const id = to.searchParams.get('u')!
    expect(id).toMatch(/^[\w-]{23}$/)
    expect(Number(to.searchParams.get('t'))).toBeGreaterThan(1e9)
    const shown = JSON.stringify(await browser.plan({ bidders: ['secretive'], debug: true }))
    expect(shown).not.toContain(id)
    expect((await browser.back(to.href, 'SEC-1')).status).toBe(200)
    expect(await house.matched('secretive', ['SEC-1'])).toEqual(['SEC-1'])
  })

  test('has ids of its own: the same each time, and none that another partner has', async () => {
    const [browser, other] = [house.browser(), house.browser()]
    const idFor = async (who: TestBrowser, partner: string) => {
      const urls = await who.urls({ bidders: [partner] })
      return (await led(who, urls[partner]!)).searchParams.get('u')
    }
    const first = await idFor(browser, 'secretive')
    expect(await idFor(browser, 'secretive')).toBe(first)
    const others = [
      await idFor(browser, 'curious'),
      await idFor(other, 'secretive'),
      await idFor(other, 'curious'),
    ]
    expect(new Set([first, ...others]).size).toBe(4)
    await house.partners({ curious: withId({ idVersion: 2 }) })
    expect(await idFor(browser, 'curious')).not.toBe(others[0])
    expect(await idFor(other, 'secretive')).toBe(others[1])
  })

  test('is not reached with somebody else’s state, a bent one, or without a cookie', async () => {
    const [browser, thief] = [house.browser(), house.browser()]
    await thief.plan({})
    const urls = await browser.urls({ bidders: ['curious'] })
    const path = urls['curious']!.slice('https://edge.test'.length)
    const refused = [
      [await thief.ask('GET', path), 'state_forged'],
      [await browser.ask('GET', path.replace(/&s=[^&]+/, '&s=x')), 'state_unreadable'],
      [await house.browser().ask('GET', path), 'no_cookie'],
      [
        await browser.ask('GET', path.replace('bidder=curious', 'bidder=last')),
        'state_other_partner',
      ],
    ] as const
    for (const [answer, reason] of refused)
      expect([answer.status, answer.headers['x-passerelle-reason']]).toEqual([400, reason])
    const denied = await browser.ask('GET', path, { headers: { 'sec-gpc': '1' } })
    expect([denied.status, denied.headers['location']]).toEqual([451, undefined])
  })

  test('is beyond the reach of a page that would bind an id of its own: the state it was given leads there, and no more', async () => {
    const browser = house.browser()
    const { secretive } = await browser.urls({ bidders: ['secretive'] })
    const s = new URL(secretive!).searchParams.get('s')!
    const forged = await browser.ask('GET', `/setuid?bidder=secretive&s=${s}&uid=EVIL`)
    expect([forged.status, forged.headers['x-passerelle-reason']]).toEqual([
      400,
      'state_other_step',
    ])
    // What the partner brings back is one state, however often the page leads there, and good for one id.
    const first = await led(browser, secretive!)
    const second = await led(browser, secretive!)
    expect(second.searchParams.get('r')).toBe(first.searchParams.get('r'))
    const [taken, other] = [
      await browser.back(first.href, 'OWN-1'),
      await browser.back(second.href, 'OWN-2'),
    ]
    expect([taken.status, other.headers['x-passerelle-reason']]).toEqual([200, 'state_used'])
    const back = new URL(first.searchParams.get('r')!).searchParams.get('s')!
    const hop = await browser.ask('GET', `/sync?bidder=secretive&f=i&s=${back}`)
    expect(hop.headers['x-passerelle-reason']).toBe('state_other_step')
  })

  test('and that sends nobody back, knows the browser by that id from then on', async () => {
    const browser = house.browser()
    const urls = await browser.urls({ bidders: ['oneway'] })
    const id = (await led(browser, urls['oneway']!)).searchParams.get('u')!
    expect(await house.matched('oneway', [id])).toEqual([id])
    expect((await browser.plan({ bidders: ['oneway'] })).bidder_status).toEqual([])
  })

  test('and that sends nobody back, counts as matched once for each sync handed out', async () => {
    house.sync.counts.take()
    const browser = house.browser()
    const urls = await browser.urls({ bidders: ['oneway'] })
    for (let i = 0; i < 3; i++) await led(browser, urls['oneway']!)
    const { number } = house.exchange.catalog()!.partner('oneway')!
    const counted = house.sync.counts.take().filter((one) => one.partner === number)
    const countOf = (measure: string) => counted.find((one) => one.measure === measure)?.count
    expect([countOf('offered'), countOf('matched')]).toEqual([1, 1])
  })
})

describe('a route', () => {
  test('leads on to its first partner that is due, one a visit, and ends there', async () => {
    const browser = house.browser()
    const urls = await browser.urls({ bidders: ['start'] })
    const first = await browser.back(urls['start']!, 'A-1')
    expect(first.status).toBe(302)
    const onward = first.headers['location'] as string
    expect(pathBack(onward, '')).toContain('bidder=strict')
    const second = await browser.back(onward, 'B-1')
    expect([second.status, second.headers['location']]).toEqual([200, undefined])
    expect(await house.matched('start', ['A-1'])).toEqual(['A-1'])
    expect(await house.matched('strict', ['B-1'])).toEqual(['B-1'])
  })

  test('that leads in a circle ends after one step: A to B, and not to A again', async () => {
    const browser = house.browser()
    await browser.sync('strict', 'B-2')
    const first = await browser.sync('start', 'A-2')
    const onward = first.headers['location'] as string
    expect(pathBack(onward, '')).toContain('bidder=last')
    // `last` has a route back to `start`, which would be due: it was long ago.
    house.clock.aheadMs = 5 * 60_000
    const second = await browser.back(onward, 'C-2')
    expect([second.status, second.headers['location']]).toEqual([200, undefined])
  })

  test('that was taken ends the same with the hop bent to zero', async () => {
    const browser = house.browser()
    const first = await browser.sync('start', 'A-3')
    const onward = first.headers['location'] as string
    const state = new URL(new URL(onward).searchParams.get('r')!).searchParams.get('s')!
    const bytes = Buffer.from(state, 'base64url')
    bytes[0]! &= 0xf0
    const bent = onward.replace(state, bytes.toString('base64url'))
    expect((await browser.back(bent, 'B-3')).headers['x-passerelle-reason']).toBe('state_forged')
  })

  test('ends at once where everybody on it is in sync', async () => {
    const browser = house.browser()
    for (const partner of ['strict', 'last']) await browser.sync(partner, `${partner}-4`)
    const first = await browser.sync('start', 'A-4')
    // `start` stands on its own route, and was matched just now.
    expect([first.status, first.headers['location']]).toEqual([200, undefined])
  })

  test('to a partner that sends nobody back keeps the id it is told there, and leads there once', async () => {
    const browser = house.browser()
    const first = await browser.sync('pusher', 'P-1')
    const id = new URL(first.headers['location'] as string).searchParams.get('u')!
    expect(await house.matched('oneway', [id])).toEqual([id])
    // Answered 200, and not 302: nobody on the route is due.
    await matchWith(house, browser, { partner: 'pusher', uid: 'P-2' })
  })

  test('is also taken from a frame, to partners that load as images', async () => {
    const browser = house.browser()
    const first = await browser.sync('framed', 'F-1')
    expect(first.status).toBe(302)
    expect(pathBack(first.headers['location'] as string, '')).toContain('bidder=last')
  })
})

test('no handler failed', () => expect(house.failures).toEqual([]))
