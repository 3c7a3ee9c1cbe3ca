import fc from 'fast-check'
import { expect, test } from 'vitest'
import { calendarIn } from '../../../audience/calendar.ts'
import { nextChangeMs, ruleHolds } from '../../../audience/rules/evaluate.ts'
import type { Expression, SequenceStep } from '../../../audience/rules/expression.ts'
import type { Shown } from '../../../audience/rules/history.ts'
import { printExpression } from '../../../audience/rules/print-expression.ts'
import { nobody } from './arbitrary-history.ts'
import { SEGMENTS, TRAITS } from './arbitrary-rule.ts'
import { BruteForce } from './brute-force.ts'

// Rules around the moments at which clocks are changed, against what a clock on the wall would show: by an hour at two in
// the morning, by half an hour, at midnight, and over a midnight back into the day before.

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const ZONES = [
  'Europe/Paris',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Asia/Beirut',
]

/** Date and time of day as a clock on the wall shows them, which sorts as text. */
function wallClock(timeZone: string): (ms: number) => string {
  const date = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, ...date, ...time })
  return (ms) => format.format(ms)
}

/** The moments of two years at which a zone's clocks are changed, to the minute: an hour later they have not gone an hour on. */
function changesOf(zone: string): number[] {
  const wall = wallClock(zone)
  const aheadMs = (ms: number) => Date.parse(`${wall(ms).replace(' ', 'T')}Z`) - ms
  const found: number[] = []
  const [from, to] = [Date.UTC(2026, 0), Date.UTC(2028, 0)]
  for (let dayMs = from; dayMs < to; dayMs += DAY_MS) {
    if (aheadMs(dayMs) === aheadMs(dayMs + DAY_MS)) continue
    let atMs = dayMs
    while (aheadMs(atMs) === aheadMs(dayMs)) atMs += MINUTE_MS
    found.push(atMs)
  }
  return found
}

const CHANGES = ZONES.flatMap((zone) => changesOf(zone).map((changeMs) => ({ zone, changeMs })))

/** Some days before or after a change, about the time of day at which it is, and so about midnight: to half an hour, or to the millisecond. */
const around = fc
  .tuple(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: -8, max: 8 }),
    fc.constantFrom(-1, 0, 0, 1),
  )
  .map(([days, halfHours, ms]) => days * DAY_MS + halfHours * 30 * MINUTE_MS + ms)
const lived = fc.record({
  change: fc.constantFrom(...CHANGES),
  shown: fc.array(fc.array(around, { maxLength: 4 }), {
    minLength: TRAITS.length,
    maxLength: TRAITS.length,
  }),
  since: fc.array(fc.option(around, { nil: undefined }), {
    minLength: SEGMENTS.length,
    maxLength: SEGMENTS.length,
  }),
  now: around,
})

/** Of a few days, or of hours that make some: what a change of clocks can tell apart. */
const duration = fc.oneof(
  fc.nat(4).map((days) => `${days}D`),
  fc.constantFrom('1H', '23H', '24H', '25H', '47H', '48H', '49H', '30M', '90M'),
)
const is = fc.constantFrom('<=' as const, '>=' as const)
const window = fc.record({ is, for: duration })
const trait = fc.constantFrom(...TRAITS)
const step = fc.record({ trait, within: duration }, { requiredKeys: ['trait'] })
const rule: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({ frequency: fc.tuple(trait), window, is: is, times: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ segment: fc.constantFrom(...SEGMENTS), since: window }),
  fc
    .tuple(trait, step, fc.boolean())
    .map(([first, then, not]) => ({ sequence: [{ trait: first }, asLast(then, not)] })),
  fc.record({
    score: fc.tuple(fc.record({ trait, weight: fc.constantFrom(1, 3) })),
    ...{ halfLife: fc.constantFrom('1D', '12H'), is, value: fc.constantFrom(0.4, 1.5) },
  }),
)

/** What must not happen must not happen within a time. */
function asLast(step: SequenceStep, not: boolean): SequenceStep {
  return not && step.within !== undefined ? { ...step, not: true } : step
}

type Lived = typeof lived extends fc.Arbitrary<infer T> ? T : never

/** What a person showed, and since when it is in segments. */
function personOf({ change: { changeMs }, shown, since }: Lived) {
  const moments = shown.map((some): Shown[] =>
    [...new Set(some)].sort((a, b) => a - b).map((ms) => ({ atMs: changeMs + ms, count: 1 })),
  )
  return {
    ...nobody,
    shown: (trait: string) => moments[TRAITS.indexOf(trait)]!,
    memberSinceMs(segment: string) {
      const ms = since[SEGMENTS.indexOf(segment)]
      return ms === undefined ? undefined : changeMs + ms
    },
  }
}

test('every zone has clocks that are changed, and some of them at midnight', () => {
  for (const zone of ZONES) expect(changesOf(zone).length).toBe(4)
  const minutes = CHANGES.map(({ zone, changeMs }) => wallClock(zone)(changeMs - 1).slice(11, 16))
  expect(new Set(minutes)).toEqual(new Set(['01:59', '02:59', '23:59']))
})

test('a day begins at the first moment that bears its date', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CHANGES), around, ({ zone, changeMs }, ms) => {
      const wall = wallClock(zone)
      const calendar = calendarIn(zone)
      const day = calendar.dayOf(changeMs + ms)
      const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
      expect(wall(changeMs + ms).slice(0, 10)).toBe(date)
      const startMs = calendar.startOf(day)
      expect(wall(startMs).slice(0, 10)).toBe(date)
      expect(wall(startMs - 1).slice(0, 10) < date).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

test('a rule holds when it does by the dates and hours of the wall', () => {
  fc.assert(
    fc.property(rule, lived, (asked, life) => {
      const person = personOf(life)
      const { zone, changeMs } = life.change
      const nowMs = changeMs + life.now
      const brute = new BruteForce(person, nowMs, zone)
      fc.pre(!brute.isOnEdge(asked))
      const holds = ruleHolds(asked, person, { nowMs, calendar: calendarIn(zone) })
      expect([printExpression(asked), holds]).toEqual([printExpression(asked), brute.holds(asked)])
    }),
    { numRuns: 10_000 },
  )
})

test('and until the next change that is foretold, and no longer unnoticed', () => {
  fc.assert(
    fc.property(rule, lived, (asked, life) => {
      const person = personOf(life)
      const { zone, changeMs } = life.change
      const calendar = calendarIn(zone)
      const nowMs = changeMs + life.now
      const brute = (atMs: number) => new BruteForce(person, atMs, zone)
      fc.pre(!brute(nowMs).isOnEdge(asked))
      const holds = brute(nowMs).holds(asked)
      const nextMs = Math.min(nextChangeMs(asked, person, { nowMs, calendar }), nowMs + 5 * DAY_MS)
      expect(nextMs).toBeGreaterThan(nowMs)
      const looks = [nextMs - 1]
      for (let atMs = nowMs; atMs < nextMs; atMs += 6 * HOUR_MS + 30 * MINUTE_MS) looks.push(atMs)
      for (const atMs of looks)
        if (!brute(atMs).isOnEdge(asked))
          expect([new Date(atMs).toISOString(), brute(atMs).holds(asked)]).toEqual([
            new Date(atMs).toISOString(),
            holds,
          ])
    }),
    { numRuns: 3_000 },
  )
})
