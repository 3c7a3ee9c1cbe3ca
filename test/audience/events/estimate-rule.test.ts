import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { dayOf } from '../../../audience/clock.ts'
import { countIn, estimateRule } from '../../../audience/events/estimate-rule.ts'
import { OwnerRules } from '../../../audience/events/rule-book.ts'
import type { IdRef } from '../../../audience/store/store.ts'
import { packHistory } from '../../../proto/history-blob.ts'
import { MemoryStore, WoundClock } from '../../support/memory-store.ts'
import { seeded } from '../../support/random.ts'

const trait = (number: number) => ({ name: '', owner: 'dmp', when: '', ttlDays: 30, number })
const segment = { name: '', owner: 'dmp', provenance: 'first_party' as const, ttlDays: 30 }
const RULES = new OwnerRules(
  'dmp',
  { number: 5, timeZone: 'UTC' },
  {
    traits: new Map([
      ['wanted', trait(1)],
      ['other', trait(2)],
    ]),
    segments: new Map([['s', { ...segment, number: 101, rule: 'wanted' }]]),
  },
)

interface Person {
  ids: number
  isWanted: boolean
}

/** A world of people, each of so many ids joined in a chain; their keys are other ones for every seed. */
async function worldOf(people: readonly Person[], seed: number) {
  const clock = new WoundClock()
  const store = new MemoryStore(clock)
  const today = dayOf(clock.now())
  const days = { firstSeenDay: today, lastSeenDay: today, expiryDay: today + 9 }
  let next = 0
  for (const { ids, isWanted } of people) {
    const refs: IdRef[] = Array.from({ length: ids }, () => ({
      key: createHash('sha256').update(`${seed} ${next}`).digest().subarray(0, 16),
      ...{ namespace: 9, value: String(next++) },
    }))
    // It is kept at the last id what the rule asks for.
    const lessons = refs.map(({ key }, i) => {
      const shown = isWanted && i === ids - 1 ? 1 : 2
      const traits = new Map([[shown, [{ atMs: clock.now(), count: 1 }]]])
      const history = packHistory({ wakeMs: 0, traits, segments: new Map() })
      return { key, held: new Uint8Array(0), history, add: [], remove: [], messages: [] }
    })
    await store.histories.learn(lessons)
    await store.people.link(
      refs.slice(1).map((b, i) => ({ a: refs[i]!, b, owner: 0, method: 3, ...days })),
    )
  }
  return { store, clock }
}

describe('an estimate from a sample', () => {
  test('is right on the average, and as often within its interval as it says', async () => {
    const random = seeded(7)
    const people = Array.from({ length: 800 }, () => ({ ids: 1, isWanted: random() < 0.2 }))
    const wanted = people.filter(({ isWanted }) => isWanted).length
    let within = 0
    let sum = 0
    const worlds = 40
    for (let seed = 0; seed < worlds; seed++) {
      const estimate = await estimateRule(
        { ...(await worldOf(people, seed)), peopleMax: 150, sliceIds: 150 },
        RULES,
        101,
      )
      expect(estimate.isExact).toBe(false)
      expect(estimate.sampled).toBe(150)
      sum += estimate.people.count
      if (estimate.people.low <= wanted && wanted <= estimate.people.high) within++
    }
    expect(sum / worlds / wanted).toBeGreaterThan(0.95)
    expect(sum / worlds / wanted).toBeLessThan(1.05)
    expect(within / worlds).toBeGreaterThan(0.9)
  })

  test('favours nobody for having many ids', async () => {
    // A fifth of the people, with most of the ids.
    const people = Array.from({ length: 800 }, (_, i) =>
      i % 5 === 0 ? { ids: 6, isWanted: true } : { ids: 1, isWanted: false },
    )
    let matched = 0
    let sampled = 0
    let base = 0
    const worlds = 15
    for (let seed = 0; seed < worlds; seed++) {
      const world = await worldOf(people, seed)
      const estimate = await estimateRule({ ...world, peopleMax: 150, sliceIds: 150 }, RULES, 101)
      matched += estimate.matched
      sampled += estimate.sampled
      base += estimate.base.count
    }
    expect(matched / sampled).toBeGreaterThan(0.17)
    expect(matched / sampled).toBeLessThan(0.23)
    expect(base / worlds / people.length).toBeGreaterThan(0.95)
    expect(base / worlds / people.length).toBeLessThan(1.05)
  })

  test('is exact where everybody fits, and says who is left alone for nobody', async () => {
    const people = Array.from({ length: 100 }, (_, i) => ({ ids: 2, isWanted: i < 30 }))
    const world = await worldOf(people, 1)
    const all = await estimateRule(world, RULES, 101)
    expect(all).toMatchObject({
      ...{ isExact: true, sampled: 100, matched: 30 },
      people: { count: 30, low: 30, high: 30 },
      base: { count: 100, low: 100, high: 100 },
    })
  })

  test('ends when its time is up, with what was seen by then', async () => {
    const world = await worldOf(
      Array.from({ length: 600 }, () => ({ ids: 1, isWanted: true })),
      1,
    )
    const elapsed = world.clock.elapsed.bind(world.clock)
    let reads = 0
    world.clock.elapsed = () => elapsed() + 700 * reads++
    const estimate = await estimateRule({ ...world, peopleMax: 600 }, RULES, 101)
    expect(estimate.sampled).toBeGreaterThanOrEqual(400)
    expect(estimate.sampled).toBeLessThan(600)
    expect(estimate.isExact).toBe(false)
    expect(estimate.people.low).toBeLessThanOrEqual(600)
    expect(estimate.people.high).toBeGreaterThanOrEqual(600)
  })
})

describe('the interval of a count', () => {
  test('holds nobody where nobody is, and all that were seen', () => {
    expect(countIn(0, 1)).toEqual({ count: 0, low: 0, high: 0 })
    expect(countIn(0, 0.01)).toEqual({ count: 0, low: 0, high: 381 })
    expect(countIn(7, 1)).toEqual({ count: 7, low: 7, high: 7 })
    expect(countIn(100, 0.1)).toEqual({ count: 1_000, low: 830, high: 1_205 })
  })

  test('has the true count as often as it says, for small counts and large', () => {
    const random = seeded(3)
    for (const [people, share] of [
      [20, 0.3],
      [200, 0.05],
      [2_000, 0.1],
    ] as const) {
      let within = 0
      for (let trial = 0; trial < 2_000; trial++) {
        let seen = 0
        for (let n = 0; n < people; n++) if (random() < share) seen++
        const { low, high } = countIn(seen, share)
        if (low <= people && people <= high) within++
      }
      expect(within / 2_000).toBeGreaterThan(0.93)
    }
  })
})
