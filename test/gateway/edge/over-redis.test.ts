import { afterAll, beforeAll, expect, test } from 'vitest'
import { MAIN_COOKIE } from '../../../gateway/edge/cookies.ts'
import { EdgeHouse, imageSync } from '../../support/edge-house.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { idsOf } from '../../support/sync-world.ts'

// The same over Redis, and what browsers are told while it is away.

let redis: RedisServer
let house: EdgeHouse

beforeAll(async () => {
  redis = await startRedisServer()
  house = await EdgeHouse.open({ address: redis.url })
  await house.partners({ dsp: imageSync(), dmp: imageSync() })
})
afterAll(async () => {
  await house.close()
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
