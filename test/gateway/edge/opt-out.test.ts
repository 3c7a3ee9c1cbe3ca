import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayOf } from '../../../audience/clock.ts'
import { Candidates } from '../../../audience/people/candidates.ts'
import { PersonView } from '../../../audience/people/person-view.ts'
import { KEY_WORDS, readKey } from '../../../audience/people/user-key.ts'
import { MAIN_COOKIE } from '../../../gateway/edge/cookies.ts'
import { EdgeHouse, imageSync, OPERATOR, WEBHOOK_TOKEN } from '../../support/edge-house.ts'

let house: EdgeHouse
beforeAll(async () => {
  house = await EdgeHouse.open()
  await house.partners({ 'north-dmp': imageSync(), 'south-dsp': imageSync() })
})
afterAll(() => house.close())

const TTL_DAYS = 30

/** What a bid request that names the id would find, now that the change log was read. */
async function found(namespace: number, value: string): Promise<string> {
  await house.audience.poke()
  const candidates = new Candidates()
  const words = new Uint32Array(KEY_WORDS)
  readKey(house.audience.userKeys()!.of(namespace, value), words, 0)
  candidates.add(words, 0, namespace)
  return house.audience.recall(candidates, dayOf(house.clock.now()), new PersonView())
}

function assign(namespace: number, value: string) {
  const add = [{ segment: 7, ttlDays: TTL_DAYS }]
  return house.audience.assign([{ namespace, value, add, remove: [] }])
}

test('an opt-out reaches every id the browser is matched with, and nobody gets past it after', async () => {
  const browser = house.browser()
  await browser.sync('north-dmp', 'GONE-N')
  await browser.sync('south-dsp', 'GONE-S')
  const south = house.namespace('south-dsp')
  await assign(south, 'GONE-S')
  expect(await found(south, 'GONE-S')).toBe('known')
  expect((await browser.ask('GET', '/optout')).status).toBe(200)
  expect(await found(south, 'GONE-S')).toBe('opted_out')
  expect(await found(house.namespace('north-dmp'), 'GONE-N')).toBe('opted_out')
  expect(await assign(south, 'GONE-S')).toMatchObject([{ line: 0, reason: 'suppressed' }])
  const another = await house.browser().sync('south-dsp', 'GONE-S')
  expect([another.status, another.headers['x-passerelle-reason']]).toEqual([400, 'suppressed'])
  expect(await found(south, 'GONE-S')).toBe('opted_out')
})

test('an opt-out on one site, where the cookie with the id was not sent, is made whole where both are', async () => {
  const browser = house.browser()
  await browser.sync('south-dsp', 'TWICE-S')
  const id = browser.jar.get(MAIN_COOKIE)!
  browser.jar.delete(MAIN_COOKIE)
  await browser.ask('GET', '/optout')
  browser.jar.set(MAIN_COOKIE, id)
  const south = house.namespace('south-dsp')
  expect((await browser.ask('GET', '/setuid?bidder=south-dsp&uid=1')).status).toBe(401)
  expect((await browser.ask('GET', '/optout')).status).toBe(200)
  expect(await found(south, 'TWICE-S')).toBe('opted_out')
})

test('nobody is asked to sync a browser whose person was erased, nor one that comes with an erased id', async () => {
  const browser = house.browser()
  await browser.sync('north-dmp', 'ERASED-N')
  const ids = [{ namespace: house.namespace('north-dmp'), value: 'ERASED-N' }]
  await house.audience.suppress(ids, { kind: 'erased' })
  expect(await browser.plan({ bidders: ['north-dmp', 'south-dsp'] })).toMatchObject({
    bidder_status: [],
  })
  await house.exchange.desk.putNamespace(OPERATOR, { name: 'ids.example', body: { kind: 'eid' } })
  const namespace = house.exchange.catalog()!.eidNamespaces.get('ids.example')!
  await house.audience.suppress([{ namespace, value: 'gone' }], { kind: 'list' })
  const eids = [{ source: 'ids.example', uids: [{ id: 'gone' }] }]
  const fresh = house.browser()
  expect((await fresh.plan({ eids })).bidder_status).toEqual([])
  expect(fresh.jar.size).toBe(0)
})

test('the webhook of UID2 opts out by the raw id, known yet or not', async () => {
  const user = 'ywsvDNINiZOVSsfkHpLpSJzXzhr6Jx9Z/4Q0+lsEUvM='
  const path = `/uid2/optout?user=${encodeURIComponent(user)}&optouttime=1732579200000`
  const ask = (token: string, at = path) =>
    house.ask('GET', at, { headers: { authorization: `Bearer ${token}` } })
  expect((await ask('somebody-elses-token')).status).toBe(401)
  const early = await ask(WEBHOOK_TOKEN)
  expect([early.status, early.headers['x-passerelle-reason']]).toEqual([503, 'source_undeclared'])
  await house.exchange.desk.putNamespace(OPERATOR, { name: 'uidapi.com', body: { kind: 'eid' } })
  const namespace = house.exchange.catalog()!.eidNamespaces.get('uidapi.com')!
  await assign(namespace, user)
  expect(await found(namespace, user)).toBe('known')
  expect((await ask(WEBHOOK_TOKEN)).status).toBe(200)
  expect(await found(namespace, user)).toBe('opted_out')
  expect((await ask(WEBHOOK_TOKEN)).status).toBe(200)
  expect((await ask(WEBHOOK_TOKEN, '/uid2/optout?user=')).status).toBe(400)
  expect((await ask(WEBHOOK_TOKEN, path.replace('uid2', 'euid'))).status).toBe(503)
})

test('no handler failed', () => expect(house.failures).toEqual([]))
