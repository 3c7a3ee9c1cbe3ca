import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import type { Tally } from '../../../audience/store/store.ts'
import { CAP_KIND, type CapRecord } from '../../../exchange/cap.ts'
import { LIMITS } from '../../../exchange/limits.ts'
import type { LedgerRecord } from '../../../exchange/usage/ledger-record.ts'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'
import { type CapsWatcher, watchCaps } from '../../../exchange/usage/watch-caps.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { OPERATOR, World } from '../world.ts'
import { plainLookups } from './plain-lookups.ts'

// What a cap does where its usage is too much to be held at once, or cannot be read.

const TODAY = '2026-01-15'
const [LINES_MAX, MEMBERS_MAX] = [8, 6]

/** Counters of a store that may be away for its reader, with how often they are read. */
class Readable {
  readonly tallies: MemoryTallies
  isAway = false
  takesMs = 0
  reads = 0

  constructor(tallies: MemoryTallies) {
    this.tallies = tallies
  }

  async changesEnd() {
    return this.tallies.changesEnd()
  }

  async changesSince(cursor: string) {
    wind(this.takesMs)
    if (this.isAway) throw new Error('the store is away')
    return this.tallies.changesSince(cursor)
  }

  async *read(...asked: Parameters<MemoryTallies['read']>): AsyncIterable<Tally> {
    this.reads++
    if (this.isAway) throw new Error('the store is away')
    yield* this.tallies.read(...asked)
  }
}

let world: World
let tallies: MemoryTallies
let store: Readable
let watcher: CapsWatcher
/** One that holds no counters, and reads all there are. */
let reader: CapsWatcher
let others: CapsWatcher[]
const said: string[] = []
const log = { info: () => {}, error: (_: object, message: string) => void said.push(message) }

beforeEach(async () => {
  world = await World.open()
  tallies = new MemoryTallies()
  store = new Readable(tallies)
  watcher = watching(store, { followedMax: 99 })
  reader = watching(store)
  others = []
  for (const id of ['dmp', 'dsp', 'dsp-2']) await world.partner(id)
  for (const id of ['cars', 'boats', 'bikes', 'vans']) await world.segment(id, 'dmp')
})
afterEach(async () => {
  said.length = 0
  for (const one of [watcher, reader, ...others]) await one.close()
  await world.close()
})

function watching(readable: Readable, { passesMax = 1, followedMax = 0 } = {}): CapsWatcher {
  return watchCaps({
    tallies: readable as unknown as MemoryTallies,
    catalog: world.catalog,
    feed: world.feed,
    lookups: () => plainLookups(world.feed),
    clock: world.clock,
    log,
    everyMs: 3_600_000,
    linesMax: LINES_MAX,
    setMembersMax: MEMBERS_MAX,
    passesMax,
    followedMax,
  })
}

async function look(by = watcher): Promise<void> {
  await world.feed.poke()
  // What is too much to be followed is read from the next time on.
  for (let n = 0; n < 2; n++) await by.poke()
  await world.feed.poke()
}

function wind(ms: number): void {
  world.clock.nowMs += ms
  world.clock.elapsedMs += ms
}

const granted = (buyer = 'dsp') => Object.values(world.granted(world.view(buyer)))
const caps = () =>
  Object.fromEntries(
    [...world.feed.current()!.kind(CAP_KIND)].map(([id, { value }]) => [id, value as CapRecord]),
  )
const limits = () =>
  Object.fromEntries(Object.entries(caps()).map(([id, { limit }]) => [id, limit]))

async function count(record: LedgerRecord): Promise<void> {
  await tallies.enter(tallyEntriesOf(record, usageTerms(world.feed.current()!)))
}

const use = (contract: string, units: number, { segment = 'cars', day = TODAY } = {}) =>
  count({
    kind: 'delivered',
    fromMs: 0,
    toMs: 0,
    lines: [{ contract, version: 1, segment, day, units }],
  })

let imps = 0
/** An impression for which these segments were used together. */
const won = (contract: string, segments: string[], day = TODAY, version = 1) =>
  count({
    kind: 'notice',
    what: 'billing',
    answer: `a${imps++}`,
    answeredS: Date.parse(day) / 1000,
    imp: '',
    buyer: 1,
    exchange: 2,
    by: 'exchange',
    carried: [{ contract, version, segments }],
    receivedMs: 0,
  })

const DAILY = { billOn: 'delivered', caps: [{ units: 10, per: 'day' }] }
const ATTRIBUTED = { segments: ['cars', 'boats', 'bikes', 'vans'], attribution: 'used_lowest' }
/** More combinations of segments a day than are held at once. */
async function useManySets(contract: string): Promise<void> {
  const all = ATTRIBUTED.segments
  for (const one of all) for (const other of all) if (one < other) await won(contract, [one, other])
}

describe('a contract with a cap', () => {
  test('is compared however many segments, deals and days its usage is of', async () => {
    await world.contract('c', { billOn: 'delivered', caps: [{ units: 100, per: 'contract' }] })
    for (let n = 0; n < 33; n++) await use('c', 1, { segment: `s${n}` })
    for (let n = 0; n < 33; n++) await use('c', 1, { segment: `s${n}`, day: '2026-01-13' })
    for (let n = 1; n < 34; n++)
      await use('c', 1, { day: new Date(Date.UTC(2025, 0, n)).toISOString().slice(0, 10) })
    await look()
    expect(granted()).toEqual(['c'])
    await use('c', 1)
    await look()
    expect(granted()).toEqual([])
    expect(limits()).toEqual({ c: 'units' })
    expect(said).toEqual([])
  })

  test('is compared in parts where there are more contracts than are read at once', async () => {
    const ids = Array.from({ length: 21 }, (_, n) => `c${n}`)
    for (const id of ids)
      await world.contract(id, { ...DAILY, billOn: 'win', attribution: 'used_lowest' })
    for (const [n, id] of ids.entries()) await use(id, n % 2 ? 10 : 9)
    await look(reader)
    expect(Object.keys(caps()).sort()).toEqual(ids.filter((_, n) => n % 2).sort())
    const { reads } = store
    await use('c0', 1)
    await look(reader)
    expect(caps()).toHaveProperty('c0')
    expect(store.reads - reads, 'of one part one day').toBe(1)
  })

  test('is compared by what was counted since, and nothing is read that did not change', async () => {
    await world.contract('c', { billOn: 'delivered', caps: [{ units: 40, per: 'contract' }] })
    for (const day of ['2025-12-30', '2026-01-08', '2026-01-12', TODAY]) await use('c', 9, { day })
    await look()
    const { reads } = store
    await use('c', 3)
    await look()
    expect(granted()).toEqual(['c'])
    await use('c', 1, { day: '2026-01-12' })
    await look()
    expect(limits()).toEqual({ c: 'units' })
    expect(store.reads).toBe(reads)
  })

  test('counts what comes late for a day long past, within the hour', async () => {
    await world.contract('c', { billOn: 'delivered', caps: [{ units: 10, per: 'contract' }] })
    await look()
    await use('c', 10, { day: '2026-01-02' })
    await look()
    expect(granted()).toEqual(['c'])
    wind(LIMITS.capsOldEveryMs)
    await look()
    expect(granted()).toEqual([])
  })

  test('that competes since its last version is counted once, beside others of its buyer', async () => {
    const caps = [{ units: 4, per: 'contract' }]
    await world.contract('other', { ...ATTRIBUTED, segments: ['boats'], caps })
    await world.contract('c', { segments: ['cars', 'bikes'], billOn: 'win', caps })
    await won('c', ['cars', 'bikes'])
    await look()
    await world.contract('c', {
      segments: ['cars', 'bikes'],
      billOn: 'win',
      attribution: 'used_lowest',
      caps,
    })
    await look()
    // Of two that are used together one is paid from now on.
    await won('c', ['cars', 'bikes'], TODAY, 2)
    await look()
    expect(granted()).toContain('c')
    await won('c', ['cars', 'bikes'], TODAY, 2)
    await look()
    expect(limits()).toEqual({ c: 'units' })
  })

  test('is read each time where there are more counters than are held', async () => {
    others = [watching(store, { followedMax: 3 })]
    await world.contract('c', { billOn: 'delivered', caps: [{ units: 9, per: 'contract' }] })
    for (const segment of ['s1', 's2', 's3', 's4']) {
      await use('c', 2, { segment })
      await look(others[0]!)
      expect(granted()).toEqual(['c'])
    }
    await use('c', 1)
    await look(others[0]!)
    expect(granted()).toEqual([])
    expect(limits()).toEqual({ c: 'units' })
  })

  test('stops where its usage is too much by itself, says so, and keeps no other from being compared', async () => {
    await world.contract('big', {
      buyer: 'dsp-2',
      ...ATTRIBUTED,
      caps: [{ units: 99, per: 'day' }],
    })
    for (const id of ['full', 'free']) await world.contract(id, DAILY)
    await look(reader)
    expect(granted('dsp-2')).toEqual(['big', 'big', 'big', 'big'])
    await useManySets('big')
    await use('full', 10)
    await use('free', 9)
    await look(reader)
    expect(limits()).toEqual({ big: 'too_much', full: 'units' })
    expect(granted('dsp-2')).toEqual([])
    expect(granted()).toEqual(['free'])
    expect(said).toEqual(['a contract stops: its caps cannot be compared'])
    const shown = world.desk.getEntitlements(OPERATOR, { id: 'big' })
    expect(shown.value.dormant).toEqual(['cap_uncounted'])
    const [found] = reader.findings()
    expect(found?.finding).toBe('caps_too_much')
    expect(found?.advice).toMatch(/: big\..*take the caps off/)
    await look(reader)
    expect(said).toHaveLength(1)
  })

  test('is compared in passes where more combinations of segments were used than are held at once', async () => {
    const passed = watching(store, { passesMax: 64 })
    others = [passed]
    await world.contract('big', { buyer: 'dsp-2', ...ATTRIBUTED, caps: [{ units: 7, per: 'day' }] })
    await useManySets('big')
    await look(passed)
    expect(granted('dsp-2')).toHaveLength(4)
    await won('big', ['cars', 'boats'])
    await look(passed)
    expect(limits()).toEqual({ big: 'units' })
    expect(said).toEqual([])
  })

  test('is said to be compared late where that takes seconds', async () => {
    await world.contract('c', DAILY)
    await look()
    for (const takesMs of [LIMITS.capsTookMsMax + 1, 1]) {
      store.takesMs = takesMs
      await look()
      const late = { finding: 'caps_late', advice: expect.stringContaining(`(${takesMs} ms)`) }
      expect(watcher.findings()).toEqual(takesMs > 1 ? [late] : [])
    }
  })

  test('that was too much starts again once its usage can be compared, or its caps are taken off', async () => {
    const big = { buyer: 'dsp-2', ...ATTRIBUTED, caps: [{ units: 99, per: 'day' }] }
    await world.contract('big', big)
    await useManySets('big')
    await look(reader)
    expect(granted('dsp-2')).toEqual([])
    wind((LIMITS.capsRecentDays + 1) * DAY_MS)
    await look(reader)
    expect(granted('dsp-2')).toHaveLength(4)
    expect(reader.findings()).toEqual([])
    wind(-(LIMITS.capsRecentDays + 1) * DAY_MS)
    await look(reader)
    expect(granted('dsp-2')).toEqual([])
    await world.contract('big', { ...big, caps: undefined })
    await look(reader)
    expect(granted('dsp-2')).toHaveLength(4)
    expect(caps()).toEqual({})
  })

  test('goes on while the store is away for a moment, and stops where that lasts, until it is back', async () => {
    await world.contract('c', DAILY)
    await world.contract('full', DAILY)
    await use('full', 10)
    await look()
    store.isAway = true
    for (let s = 0; s < LIMITS.capsUnreadMsMax / 1000; s += 20) {
      await look()
      wind(20_000)
      expect(granted()).toEqual(['c'])
    }
    expect(watcher.findings()).toMatchObject([{ finding: 'caps_unread' }])
    expect(said).toEqual(['caps could not be compared'])
    await look()
    expect(granted()).toEqual([])
    expect(limits(), 'a day’s cap would end with its day').toEqual({ c: 'unread', full: 'unread' })
    expect(watcher.findings()[0]!.advice).toMatch(/: c, full\..*check the store/)
    store.isAway = false
    await look()
    expect(granted()).toEqual(['c'])
    expect(limits()).toEqual({ full: 'units' })
    expect(watcher.findings()).toEqual([])
  })

  test('that one desk cannot read goes on where another one can, but for a moment in a minute', async () => {
    await world.contract('c', DAILY)
    store.isAway = true
    others = [watching(new Readable(tallies))]
    let stopped = 0
    for (let s = 0; s <= 300; s += 10) {
      await look()
      if (granted().length === 0) stopped++
      await look(others[0]!)
      expect(granted()).toEqual(['c'])
      wind(10_000)
    }
    expect(stopped).toBe(5)
  })
})
