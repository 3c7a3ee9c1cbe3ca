import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER } from '../../../audience/namespace.ts'
import { browserValue } from '../../../exchange/sync/browser-cookie.ts'
import { signMatch } from '../../../exchange/sync/match-secret.ts'
import { MAIN_COOKIE } from '../../../gateway/edge/cookies.ts'
import { type ChaosProxy, startChaosProxy } from '../../support/chaos-proxy.ts'
import { EdgeHouse, imageSync, OPERATOR, type TestBrowser } from '../../support/edge-house.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { idsOf, ownId } from '../../support/sync-world.ts'

// The same over Redis, and what browsers are told while it is away.

let redis: RedisServer
let proxy: ChaosProxy
let house: EdgeHouse
let secret: string

beforeAll(async () => {
  redis = await startRedisServer()
  proxy = await startChaosProxy(redis.port)
  house = await EdgeHouse.open({ address: `redis://127.0.0.1:${proxy.port}/0` })
  await house.partners({ dsp: imageSync(), dmp: imageSync() })
  const derive = (label: string, bytes: number) => house.audience.deriveKey(label, bytes)!
  const given = { partner: 'dmp', body: {}, derive }
  secret = (await house.exchange.desk.makeMatchSecretFor(OPERATOR, given)).secret
  await house.exchange.deskDeps.feed.poke()
})
afterAll(async () => {
  await house.close()
  await proxy.stop()
  await redis.stop()
  expect(house.failures).toEqual([])
})

test('a browser is matched, once for each state, and a new id replaces the old one', async () => {
  const browser = house.browser()
  const { dsp, dmp } = await browser.urls({})
  const answers = await Promise.all(['R-1', 'R-2', 'R-3'].map((uid) => browser.back(dsp!, uid)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  expect((await browser.back(dmp!, 'D-1')).status).toBe(200)
  expect((await browser.back(dmp!, 'D-1')).status).toBe(200)
  expect((await browser.back(dmp!, 'D-2')).status).toBe(400)
  expect((await browser.plan({})).bidder_status).toEqual([])
  house.clock.aheadMs = 13 * 86_400_000
  await browser.sync('dmp', 'D-3')
  house.clock.aheadMs = 0
  expect((await idsOf(house, browser))['dmp']).toEqual(['D-3'])
})

test('while Redis is away nothing is kept and nobody is asked; the opt-out is kept by the browser all the same', async () => {
  const [browser, leaving] = [house.browser(), house.browser()]
  const { dsp } = await browser.urls({ bidders: ['dsp'] })
  await leaving.sync('dsp', 'L-1')
  await redis.kill()
  const answer = await browser.back(dsp!, 'A-1')
  expect([answer.status, answer.headers['x-passerelle-reason']]).toEqual([503, 'store_away'])
  const plan = await browser.ask('POST', '/cookie_sync', { body: '{}' })
  expect([plan.status, plan.headers['x-passerelle-reason']]).toEqual([503, 'store_away'])
  expect((await leaving.ask('GET', '/optout')).status).toBe(503)
  await redis.restart()
  await expect.poll(() => house.store.findings(), { timeout: 20_000 }).toEqual([])
  expect((await browser.back(dsp!, 'A-1')).status).toBe(200)
  expect((await leaving.ask('POST', '/cookie_sync', { body: '{}' })).status).toBe(401)
  // What the store could not be told is still known to the browser, and told when it asks again.
  expect(await house.matched('dsp', ['L-1'])).toEqual(['L-1'])
  expect((await leaving.ask('GET', '/optout')).status).toBe(200)
  expect(await house.matched('dsp', ['L-1'])).toEqual([])
  expect(leaving.jar.get(MAIN_COOKIE)).toBe('optout')
})

test('a Redis that stands still for a moment costs a return nothing, though the bid path has given it up', async () => {
  const browser = house.browser()
  const { dsp, dmp } = await browser.urls({})
  await browser.back(dsp!, 'S-0')
  redis.pause()
  const back = browser.back(dmp!, 'S-1')
  await expect(recallOf(browser)).rejects.toMatchObject({ reason: 'late' })
  redis.resume()
  expect((await back).status).toBe(200)
  await expect.poll(() => house.store.findings()).toEqual([])
  expect(await idsOf(house, browser)).toEqual({ dsp: ['S-0'], dmp: ['S-1'] })
})

test('a return that Redis spent and did not bind is bound when it is tried again, for its id alone and once', async () => {
  const browser = house.browser()
  const { dsp } = await browser.urls({ bidders: ['dsp'] })
  const takenBefore = taken()
  const answer = await redisDiesOn(() => browser.back(dsp!, 'T-1'))
  expect([answer.status, answer.headers['x-passerelle-reason']]).toEqual([503, 'store_away'])
  expect(await idsOf(house, browser)).toEqual({})
  expect((await browser.back(dsp!, 'T-2')).headers['x-passerelle-reason']).toBe('state_used')
  expect((await browser.back(dsp!, 'T-1')).status).toBe(200)
  expect(await idsOf(house, browser)).toEqual({ dsp: ['T-1'] })
  expect((await browser.back(dsp!, 'T-1')).status).toBe(200)
  expect(taken() - takenBefore).toBe(1)
})

test('a removal that Redis cut short is made when it is tried again', async () => {
  const browser = house.browser()
  await browser.sync('dsp', 'U-1')
  house.clock.aheadMs = 13 * 86_400_000
  const { dsp } = await browser.urls({ bidders: ['dsp'] })
  expect((await redisDiesOn(() => browser.back(dsp!, ''))).status).toBe(503)
  expect((await browser.back(dsp!, '')).status).toBe(200)
  house.clock.aheadMs = 0
  expect(await idsOf(house, browser)).toEqual({})
})

test('a match that Redis did not keep is kept when a browser that had no cookie comes again', async () => {
  const browser = house.browser()
  const ts = String(Math.floor(house.clock.now() / 1000))
  const s = signMatch(secret, { p: 'dmp', uid: 'V-1', ts })
  const come = () => browser.ask('GET', `/match?p=dmp&uid=V-1&ts=${ts}&s=${s}`)
  expect((await redisDiesOn(come)).status).toBe(503)
  expect((await come()).status).toBe(200)
  expect(await idsOf(house, browser)).toEqual({ dmp: ['V-1'] })
})

/** The claim that `ask` makes is kept, and its answer lost with the server; what `ask` comes to. The server is back then. */
async function redisDiesOn<T>(ask: () => Promise<T>): Promise<T> {
  const claimed = proxy.loseAnswerTo('claim:')
  const answer = ask()
  // One that is answered before it claims anything is for the test to see.
  await Promise.race([claimed, answer])
  await redis.kill()
  const told = await answer
  await redis.restart()
  await expect.poll(() => house.store.findings(), { timeout: 20_000 }).toEqual([])
  return told
}

function recallOf(browser: TestBrowser) {
  const key = house.audience.userKeys()!.of(BROWSER.number, browserValue(ownId(house, browser)!))
  return house.store.people.recall([key])
}

function taken(): number {
  return house.count('passerelle_sync_matched_total', { partner: 'dsp' })
}
