import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AnswerRates } from '../../../exchange/sync/answer-rates.ts'
import { Asks } from '../../../exchange/sync/asks.ts'
import { SYNC_LIMITS } from '../../../exchange/sync/limits.ts'
import { planSyncs, type Situation } from '../../../exchange/sync/plan-syncs.ts'
import { seeded } from '../../support/random.ts'
import { candidateOf, matchesOf, situationOf, syncerOf } from './sync-world.ts'

const TODAY = 20_000

function reasonFor(syncer = syncerOf(1), more: Partial<Situation> = {}): string {
  const { leftOut } = planSyncs([candidateOf(syncer)], situationOf(more))
  return leftOut[0]?.reason ?? 'chosen'
}

function matchedDaysAgo(days: number) {
  return { matches: matchesOf(new Map([[101, TODAY - days]])) }
}

describe('a match', () => {
  test('is renewed between 50 and 75 % of its life, not before and not later', () => {
    for (const ttlDays of [2, 7, 14, 30, 90]) {
      const syncer = syncerOf(1, { ttlDays })
      const [first, last] = [Math.ceil(ttlDays * 0.5), Math.ceil(ttlDays * 0.75)]
      for (let i = 0; i < 50; i++) {
        const id = randomBytes(16)
        expect(reasonFor(syncer, { id, ...matchedDaysAgo(first - 1) })).toBe('in_sync')
        expect(reasonFor(syncer, { id, ...matchedDaysAgo(last) })).toBe('chosen')
      }
    }
  })

  test('is renewed at a moment of its own: those made on one day fall due over a quarter of their life', () => {
    const syncer = syncerOf(1, { ttlDays: 60 })
    const dueAfter = Array.from({ length: 400 }, () => {
      const id = randomBytes(16)
      const matches = matchesOf(new Map([[101, TODAY]]))
      let days = 29
      while (reasonFor(syncer, { id, matches, today: TODAY + days }) === 'in_sync') days++
      return days
    })
    const spread = new Set(dueAfter)
    expect(Math.min(...spread)).toBeGreaterThanOrEqual(30)
    expect(Math.max(...spread)).toBeLessThanOrEqual(45)
    expect(spread.size).toBeGreaterThanOrEqual(14)
  })

  test('of a day’s life is not asked for again on the same day', () => {
    const syncer = syncerOf(1, { ttlDays: 1 })
    expect(reasonFor(syncer, matchedDaysAgo(0))).toBe('in_sync')
    expect(reasonFor(syncer, matchedDaysAgo(1))).toBe('chosen')
  })
})

describe('a partner that does not come back', () => {
  test('is asked twice at once, then after one hour, two, four … and never later than a week', () => {
    const asks = new Asks()
    const pauses: number[] = []
    let hour = 480_000
    for (let i = 0; i < 14; i++) {
      let waited = 0
      while (reasonFor(syncerOf(1), { asks, hour }) === 'pausing') {
        hour++
        waited++
      }
      pauses.push(waited)
      asks.note(1, hour)
    }
    // Turns of the hour: one more than the hours that have passed at the least.
    expect(pauses).toEqual([0, 0, 2, 3, 5, 9, 17, 33, 65, 129, 169, 169, 169, 169])
  })

  test('counts as heard from as soon as it is matched', () => {
    const asks = new Asks()
    for (let i = 0; i < 5; i++) asks.note(1, TODAY * 24)
    reasonFor(syncerOf(1), { asks, ...matchedDaysAgo(0) })
    expect(asks.size).toBe(0)
  })

  test('is remembered for each partner apart, the longest ago forgotten first', () => {
    const asks = new Asks()
    for (let partner = 1; partner <= SYNC_LIMITS.asksMax + 3; partner++)
      for (let i = 0; i < 3; i++) asks.note(partner, 480_000)
    expect(asks.size).toBe(SYNC_LIMITS.asksMax)
    expect([1, 2, 3, 4].map((partner) => asks.isPausing(partner, 480_000))).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  test('by anybody at all is asked once in 32 times, and again as usual when it is back', () => {
    const rates = new AnswerRates()
    for (let i = 0; i < 300; i++) rates.asked(1, true)
    const random = seeded(1)
    const times = () => {
      let chosen = 0
      for (let i = 0; i < 3_200; i++)
        if (reasonFor(syncerOf(1), { rates, random }) === 'chosen') chosen++
      return chosen
    }
    expect(times()).toBeGreaterThan(50)
    expect(times()).toBeLessThan(200)
    for (let i = 0; i < 10; i++) rates.answered(1, true)
    expect(times()).toBe(3_200)
  })

  test('to new browsers only is not silent: theirs may be the cookies that are blocked', () => {
    const rates = new AnswerRates()
    for (let i = 0; i < 5_000; i++) rates.asked(1, false)
    expect(reasonFor(syncerOf(1), { rates })).toBe('chosen')
  })
})

describe('a browser without third-party cookies', () => {
  test('is asked nothing', () =>
    expect(reasonFor(syncerOf(1), { kind: 'blocked' })).toBe('cookies_blocked'))

  test('counts as matched where an id in eids is', () => {
    const eidMatches = [matchesOf(new Map([[101, TODAY]]))]
    for (const kind of ['blocked', 'new'] as const)
      expect(reasonFor(syncerOf(1), { kind, eidMatches })).toBe('matched_by_eid')
    expect(reasonFor(syncerOf(2), { kind: 'blocked', eidMatches })).toBe('cookies_blocked')
    expect(reasonFor(syncerOf(1), { kind: 'returning', eidMatches })).toBe('chosen')
  })
})

describe('where not all can be synced', () => {
  const many = (values: number[]) =>
    values.map((value, i) => candidateOf(syncerOf(i + 1, { value })))
  const firsts = (candidates: ReturnType<typeof many>, more: Partial<Situation> = {}) => {
    const random = seeded(5)
    const counts = new Map<number, number>()
    for (let i = 0; i < 2_000; i++) {
      const { chosen } = planSyncs(candidates, situationOf({ random, limit: 1, ...more }))
      const { number } = chosen[0]!.syncer.partner
      counts.set(number, (counts.get(number) ?? 0) + 1)
    }
    return counts
  }

  test('the more valuable come first, mostly, and all come sometime', () => {
    const counts = firsts(many([4, 2, 1]))
    expect(counts.get(1)!).toBeGreaterThan(counts.get(2)! * 3)
    expect(counts.get(2)!).toBeGreaterThan(counts.get(3)! * 3)
    expect(counts.get(3)!).toBeGreaterThan(0)
  })

  test('equals take turns', () => {
    for (const count of firsts(many([1, 1, 1, 1])).values()) {
      expect(count).toBeGreaterThan(400)
      expect(count).toBeLessThan(600)
    }
  })

  test('those that answer more often come before those that hardly do', () => {
    const rates = new AnswerRates()
    for (let i = 0; i < 100; i++) {
      rates.asked(1, true)
      rates.asked(2, true)
      rates.answered(2, true)
    }
    expect(firsts(many([1, 1]), { rates }).get(2)!).toBeGreaterThan(1_950)
  })

  test('a later tier never comes before an earlier one, whatever it is worth', () => {
    const [poor, rich] = [syncerOf(1, { value: 0.01 }), syncerOf(2, { value: 100 })]
    for (let i = 0; i < 100; i++) {
      const candidates = [candidateOf(rich, { tier: 1 }), candidateOf(poor)]
      const { chosen, surplus } = planSyncs(
        candidates,
        situationOf({ limit: 1, random: Math.random }),
      )
      expect(chosen[0]!.syncer).toBe(poor)
      expect(surplus.map(({ name }) => name)).toEqual(['p2'])
    }
  })
})
