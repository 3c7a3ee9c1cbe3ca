import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EdgeHouse, type SyncAnswer, type TestBrowser } from '../../support/edge-house.ts'
import {
  CASE_PARTNERS,
  filled,
  idsOf,
  matchWith,
  meet,
  settle,
  stateFor,
} from '../../support/sync-world.ts'

// Golden cases that an ad-ops person can read: test/cases/sync. Each goes over a real socket.

interface Given {
  name: string
  optedOut?: boolean
  headers?: Record<string, string>
  /** HTTP status; 200 where absent. */
  http?: number
  /** x-passerelle-reason */
  reason?: string
  /** Stands in the body. */
  says?: string
}

interface CookieSyncCase extends Given {
  settings?: object
  matched?: string[]
  body?: object
  raw?: string
  status?: string
  syncs?: Record<string, string>
  countOfSyncs?: number
  among?: string[]
  order?: string[]
  debug?: Record<string, string>
  reasons?: Record<string, string>
  details?: Record<string, string>
  /** What the first sync's way back carries. */
  macros?: Record<string, string>
  /** How many cookies are set. */
  cookies?: number
}

interface SetuidCase extends Given {
  matched?: Record<string, string>
  query: string
  /** Sent in place of a good one. */
  state?: string
  /** A second request with the same state. */
  thenQuery?: string
  type?: string
  bytes?: number
  kept?: Record<string, string>
  gone?: Record<string, string>
}

const folder = new URL('../../cases/sync/', import.meta.url)
let house: EdgeHouse

for (const shelf of ['exemplary', 'supplemental'])
  for (const file of readdirSync(new URL(`${shelf}/`, folder)))
    describe(`${shelf}/${file}`, () => {
      // Ids are few and short here: each file has a world of its own, so that none belongs to too many.
      beforeAll(async () => {
        house = await EdgeHouse.open()
        await house.partners(CASE_PARTNERS)
      })
      afterAll(async () => {
        await house.close()
        expect(house.failures).toEqual([])
      })
      const cases = JSON.parse(readFileSync(new URL(`${shelf}/${file}`, folder), 'utf8')) as Given[]
      test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) =>
        'query' in one ? checkSetuid(one as SetuidCase) : checkCookieSync(one as CookieSyncCase),
      )
    })

async function visitor({ optedOut = false }: Given): Promise<TestBrowser> {
  const browser = house.browser()
  if (optedOut) await browser.ask('GET', '/optout')
  return browser
}

async function checkCookieSync(one: CookieSyncCase): Promise<void> {
  await settle(house, one.settings)
  const browser = await visitor(one)
  if (one.matched) await meet(browser)
  for (const partner of one.matched ?? [])
    await matchWith(house, browser, { partner, uid: `u-${one.name.length}` })
  const body = filled(one.raw ?? JSON.stringify(one.body))
  const answer = await browser.ask('POST', '/cookie_sync', { body, headers: one.headers ?? {} })
  expect(answer.status).toBe(one.http ?? 200)
  if (one.reason) expect(answer.headers['x-passerelle-reason']).toBe(one.reason)
  if (one.says) expect(answer.body.toString()).toContain(one.says)
  if (one.cookies !== undefined)
    expect(answer.headers['set-cookie'] ?? []).toHaveLength(one.cookies)
  if (answer.status === 200) checkPlan(JSON.parse(answer.body.toString()) as SyncAnswer, one)
}

function checkPlan(plan: SyncAnswer, one: CookieSyncCase): void {
  const syncs = plan.bidder_status
  const partners = syncs.map(({ bidder }) => bidder)
  if (one.status) expect(plan.status).toBe(one.status)
  if (one.syncs)
    expect(Object.fromEntries(syncs.map((sync) => [sync.bidder, sync.usersync.type]))).toEqual(
      one.syncs,
    )
  if (one.countOfSyncs !== undefined) expect(syncs).toHaveLength(one.countOfSyncs)
  if (one.among) expect(one.among).toEqual(expect.arrayContaining(partners))
  if (one.order) expect(partners).toEqual(one.order)
  const listed = (of: 'error' | 'reason' | 'detail', list: object[] = []) =>
    Object.fromEntries((list as Record<string, string>[]).map((row) => [row['bidder'], row[of]]))
  if (one.debug) expect(listed('error', plan.debug)).toMatchObject(one.debug)
  if (one.reasons) expect(listed('reason', plan.reasons)).toEqual(one.reasons)
  if (one.details) expect(listed('detail', plan.reasons)).toMatchObject(one.details)
  if (one.macros) {
    const back = new URL(new URL(syncs[0]!.usersync.url).searchParams.get('r')!)
    for (const [name, value] of Object.entries(one.macros))
      expect(back.searchParams.get(name), name).toBe(filled(value))
  }
}

async function checkSetuid(one: SetuidCase): Promise<void> {
  await settle(house)
  const browser = await visitor(one)
  if (!one.optedOut) await meet(browser)
  for (const [partner, uid] of Object.entries(one.matched ?? {}))
    await matchWith(house, browser, { partner, uid })
  const bidder = /bidder=([^&]*)/.exec(one.query)?.[1] ?? ''
  const syncer = house.sync.rooms()!.syncers.find(bidder)
  const state = one.state ?? (syncer ? stateFor(house, browser, syncer) : '')
  const ask = (query: string) => {
    const path = `/setuid?${filled(query)}${state === '' ? '' : `&s=${state}`}`
    return browser.ask('GET', path, { headers: one.headers ?? {} })
  }
  const answer = await ask(one.query)
  expect(answer.status, answer.body.toString()).toBe(one.http ?? 200)
  if (one.reason) expect(answer.headers['x-passerelle-reason']).toBe(one.reason)
  if (one.says) expect(answer.body.toString()).toContain(one.says)
  if (one.type) expect(answer.headers['content-type']).toBe(one.type)
  if (one.bytes !== undefined) expect(answer.body.length).toBe(one.bytes)
  expect(answer.headers['set-cookie']).toBeUndefined()
  if (one.thenQuery) expect((await ask(one.thenQuery)).status).toBe(200)
  const ids = await idsOf(house, browser)
  for (const [partner, uid] of Object.entries(one.kept ?? {})) expect(ids[partner]).toEqual([uid])
  for (const [partner, uid] of Object.entries(one.gone ?? {}))
    expect(ids[partner] ?? []).not.toContain(uid)
}
