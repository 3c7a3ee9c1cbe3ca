import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import type { Sharing } from '../../../exchange/buyer-view.ts'
import { CAP_KIND } from '../../../exchange/cap.ts'
import type { ContractBody } from '../../../exchange/contract.ts'
import type { LedgerRecord, NoticeRecord } from '../../../exchange/usage/ledger-record.ts'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'
import { type CapsWatcher, watchCaps } from '../../../exchange/usage/watch-caps.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { OPERATOR, World } from '../world.ts'
import { plainLookups } from './plain-lookups.ts'

// 15 January 2026, midnight UTC: still the 14th in New York.
const TODAY = '2026-01-15'

let world: World
let tallies: MemoryTallies
let watchers: CapsWatcher[]
const said: string[] = []
const log = { info: () => {}, error: (details: object) => void said.push(JSON.stringify(details)) }
beforeEach(async () => {
  world = await World.open()
  tallies = new MemoryTallies()
  watchers = [0, 1].map(() =>
    watchCaps({
      tallies,
      catalog: world.catalog,
      feed: world.feed,
      lookups: () => plainLookups(world.feed),
      clock: world.clock,
      log,
      everyMs: 3_600_000,
    }),
  )
  for (const id of ['dmp', 'dsp']) await world.partner(id)
  for (const id of ['cars', 'boats']) await world.segment(id, 'dmp')
})
afterEach(async () => {
  expect(said.splice(0)).toEqual([])
  for (const watcher of watchers) await watcher.close()
  await world.close()
})

/** Both desks look, at the same moment. */
async function watched(): Promise<Record<string, string>> {
  await Promise.all(watchers.map((watcher) => watcher.poke()))
  await world.feed.poke()
  await Promise.all(watchers.map((watcher) => watcher.poke()))
  await world.feed.poke()
  return world.granted(world.view('dsp'))
}

const contract = (caps: ContractBody['caps'], more: object = {}) =>
  world.contract('c', { segments: ['cars', 'boats'], billOn: 'delivered', caps, ...more })

async function use(units: number, day = TODAY, segment = 'cars', version = 1): Promise<void> {
  const line = { contract: 'c', version, segment, day, units }
  await count({ kind: 'delivered', fromMs: 0, toMs: 0, lines: [line] })
}

const told = (imp: string, more: Partial<NoticeRecord> = {}) =>
  count({
    kind: 'notice',
    what: 'billing',
    answer: 'a1',
    answeredS: world.clock.nowMs / 1000,
    imp,
    buyer: 1,
    exchange: 2,
    by: 'exchange',
    carried: [{ contract: 'c', version: 1, segments: ['cars'] }],
    receivedMs: world.clock.nowMs,
    ...more,
  })

async function count(record: LedgerRecord): Promise<void> {
  await tallies.enter(tallyEntriesOf(record, usageTerms(world.feed.current()!)))
}

const ALL = { cars: 'c', boats: 'c' }

describe('a contract with a cap', () => {
  test('of units stops when they are used up, over all of its segments, and says so', async () => {
    await contract([{ units: 10, per: 'contract' }])
    await use(9, '2026-01-02')
    expect(await watched()).toEqual(ALL)
    await use(1, TODAY, 'boats')
    expect(await watched()).toEqual({})
    const view = world.view('dsp')
    const { number } = world.exchange.catalog()!.segment('cars')!
    expect(view.entitlement(number)).toBeUndefined()
    expect(view.isCapped(number)).toBe(true)
    const shown = world.desk.getEntitlements(OPERATOR, { id: 'c' })
    expect(shown.value.dormant).toEqual(['cap_reached'])
    expect(world.desk.getContract(OPERATOR, 'c').value).toMatchObject({ capsOvershootMs: 1_000 })
  })

  test('of a day stops until the day is over where the contract is', async () => {
    await contract([{ units: 5, per: 'day' }], { timeZone: 'America/New_York' })
    await use(7, '2026-01-13')
    await use(4, '2026-01-14')
    expect(await watched()).toEqual(ALL)
    await use(2, '2026-01-14')
    expect(await watched()).toEqual({})
    const midnightMs = Date.UTC(2026, 0, 15, 5)
    expect(world.view('dsp').validUntilMs).toBe(midnightMs)
    world.clock.nowMs = midnightMs - 1
    expect(world.granted(world.view('dsp'))).toEqual({})
    world.clock.nowMs = midnightMs
    expect(world.granted(world.view('dsp'))).toEqual(ALL)
    expect(await watched()).toEqual(ALL)
    expect(world.feed.current()!.kind(CAP_KIND).size).toBe(0)
  })

  test('of spend stops at what its units cost', async () => {
    // 0.50 EUR per 1,000 units: 20 units are 10,000 micros.
    await contract([{ spendMicros: 10_000, per: 'contract' }])
    await use(19)
    expect(await watched()).toEqual(ALL)
    await use(1)
    expect(await watched()).toEqual({})
    expect(world.feed.current()!.kind(CAP_KIND).get('c')!.value).toMatchObject({
      buyer: 'dsp',
      per: 'contract',
      limit: 'spendMicros',
    })
  })

  test('of spend over volume tiers looks at all of the month', async () => {
    const price = {
      kind: 'tiered_cpm',
      currency: 'EUR',
      amountMicros: 1_000_000,
      tiers: [{ fromUnits: 11, amountMicros: 500_000 }],
    }
    // A month's 34 units cost 22,000 micros, of which 15,529 fall to 24 of them; 25 of 35 make 16,071.
    await contract([{ spendMicros: 16_000, per: 'day' }], { price })
    await use(10, '2026-01-02')
    await use(24)
    expect(await watched()).toEqual(ALL)
    await use(1)
    expect(await watched()).toEqual({})
  })

  test('goes on when the cap is raised, and counts what was used before', async () => {
    await contract([{ units: 10, per: 'contract' }])
    await use(12)
    expect(await watched()).toEqual({})
    await contract([{ units: 15, per: 'contract' }])
    expect(await watched()).toEqual(ALL)
    await use(3, TODAY, 'cars', 2)
    expect(await watched()).toEqual({})
    await contract(undefined)
    expect(await watched()).toEqual(ALL)
    expect(world.feed.current()!.kind(CAP_KIND).size).toBe(0)
  })

  test('stays reached while usage is counted anew', async () => {
    await contract([
      { units: 10, per: 'contract' },
      { units: 4, per: 'day' },
    ])
    await use(5)
    expect(await watched()).toEqual({})
    await tallies.clear()
    expect(await watched()).toEqual({})
    await use(11)
    expect(await watched()).toEqual({})
    await tallies.clear()
    world.clock.nowMs += 2 * DAY_MS
    expect(await watched()).toEqual({})
  })

  test('billed by notices counts an impression once, won or billed', async () => {
    await contract([{ units: 2, per: 'contract' }], { billOn: 'win' })
    for (const what of ['win', 'billing', 'win'] as const) await told('1', { what })
    expect(await watched()).toEqual(ALL)
    await told('2')
    expect(await watched()).toEqual({})
  })

  test('of spend is reached by prices in whatever currency: naming another one does not pass it', async () => {
    const price = { kind: 'percent_media', amountMicros: 500_000, currency: 'EUR' }
    await contract([{ spendMicros: 2_000, per: 'contract' }], { price, billOn: 'win' })
    await told('1', { price: { micros: 3_000_000, currency: 'EUR' } })
    expect(await watched()).toEqual(ALL)
    await told('2', { price: { micros: 1_000_000, currency: 'USD' } })
    expect(await watched()).toEqual({})
  })

  test('leaves its segments to the next cheapest contract that has units left', async () => {
    await contract([{ units: 1, per: 'contract' }])
    const dear = { kind: 'cpm', amountMicros: 900_000, currency: 'EUR' }
    await world.contract('dear', { segments: ['cars'], price: dear })
    await use(1)
    expect(await watched()).toEqual({ cars: 'dear' })
  })

  test('gives nothing where what was given is not counted; what nobody capped goes on', async () => {
    await contract([{ units: 10, per: 'contract' }])
    const dear = { kind: 'cpm', amountMicros: 900_000, currency: 'EUR' }
    await world.contract('dear', { segments: ['cars'], price: dear })
    const granted = (sharing: Sharing) => world.granted(world.view('dsp', { sharing }))
    expect(granted('all')).toEqual(ALL)
    expect(granted('uncapped')).toEqual({ cars: 'dear' })
    const boats = world.exchange.catalog()!.segment('boats')!.number
    expect(world.view('dsp', { sharing: 'uncapped' }).isCapped(boats)).toBe(true)
    expect(granted('nothing')).toEqual({})
  })

  test('leaves what nobody capped alone, and is looked at only while it is active', async () => {
    await contract([{ units: 1, per: 'contract' }])
    await world.segment('own', 'dsp')
    await use(1)
    expect(await watched()).toEqual({ own: '' })
    await contract([{ units: 1, per: 'contract' }], { status: 'paused' })
    expect(await watched()).toEqual({ own: '' })
    expect(world.feed.current()!.kind(CAP_KIND).size).toBe(0)
  })
})
