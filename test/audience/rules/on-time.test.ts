import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Calendar } from '../../../audience/calendar.ts'
import { nextChangeMs, ruleHolds } from '../../../audience/rules/evaluate.ts'
import type { Expression } from '../../../audience/rules/expression.ts'
import type { PersonHistory } from '../../../audience/rules/history.ts'
import { parseExpression } from '../../../audience/rules/parse-expression.ts'
import { anyHistory, nobody, START_MS } from './arbitrary-history.ts'
import { timedRule } from './arbitrary-rule.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const zones = ['UTC', 'Europe/Paris', 'America/Sao_Paulo'].map((zone) => new Calendar(zone))

describe('what time alone changes', () => {
  test('is never overlooked: between two announced changes the answer stays', () => {
    const moments = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 4,
      maxLength: 4,
    })
    fc.assert(
      fc.property(
        timedRule,
        anyHistory,
        fc.constantFrom(...zones),
        moments,
        (rule, person, calendar, where) => {
          let nowMs = START_MS - 1
          for (let turn = 0; turn < 60; turn++) {
            const at = { nowMs, calendar }
            const before = ruleHolds(rule, person, at)
            const nextMs = nextChangeMs(rule, person, at)
            expect(nextMs).toBeGreaterThan(nowMs)
            const untilMs = Math.min(nextMs, nowMs + 100 * DAY_MS)
            for (const share of [...where, 1]) {
              const betweenMs =
                share === 1 ? untilMs - 1 : nowMs + Math.floor(share * (untilMs - nowMs))
              expect(ruleHolds(rule, person, { nowMs: betweenMs, calendar })).toBe(before)
            }
            if (!Number.isFinite(nextMs)) return
            nowMs = nextMs
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('a score that decays for years stays on its side of zero', () => {
    const rule = parseExpression('SCORE(a * -1 HALFLIFE 30M) >= 0')
    const person = { ...nobody, shown: () => [{ atMs: START_MS, count: 1 }] }
    const nowMs = START_MS + 1_000 * DAY_MS
    expect(ruleHolds(rule, person, { nowMs, calendar: zones[0]! })).toBe(false)
  })

  test('comes at the last moment it can', () => {
    const calendar = zones[1]!
    const atMs = Date.parse('2026-10-20T20:00:00+02:00')
    const person = { ...nobody, shown: () => [{ atMs, count: 1 }] }
    const change = (rule: string) =>
      new Date(nextChangeMs(parseExpression(rule), person, { nowMs: atMs, calendar })).toISOString()
    expect(change('FREQUENCY(a <= 5D) >= 1')).toBe('2026-10-25T23:00:00.000Z')
    expect(change('FREQUENCY(a <= 0D) >= 1')).toBe('2026-10-20T22:00:00.000Z')
    expect(change('FREQUENCY(a <= 24H) >= 1')).toBe('2026-10-21T18:00:00.001Z')
    expect(change('FREQUENCY(a >= 24H) >= 1')).toBe('2026-10-21T18:00:00.000Z')
    expect(change('SCORE(a * 8 HALFLIFE 1D) >= 2')).toBe('2026-10-22T18:00:00.001Z')
    expect(change('SEQUENCE(a THEN NOT WITHIN 1H b)')).toBe('2026-10-20T19:00:00.000Z')
  })
})

describe('a rule over a person', () => {
  const calendar = zones[0]!
  const at = (hours: number) => START_MS + hours * HOUR_MS
  const person = (events: Record<string, number[]>): PersonHistory => ({
    ...nobody,
    shown: (trait) => (events[trait] ?? []).map((hours) => ({ atMs: at(hours), count: 1 })),
  })
  const holds = (rule: string, events: Record<string, number[]>, hours: number) =>
    ruleHolds(parseExpression(rule) as Expression, person(events), { nowMs: at(hours), calendar })

  test('counts traits of a list together, within the window', () => {
    expect(holds('FREQUENCY([a, b] <= 24H) >= 3', { a: [0, 5], b: [6] }, 10)).toBe(true)
    expect(holds('FREQUENCY([a, b] <= 24H) >= 3', { a: [0, 5], b: [6] }, 25)).toBe(false)
    expect(holds('FREQUENCY(a >= 48H) >= 1 AND NOT FREQUENCY(a <= 24H) >= 1', { a: [0] }, 60)).toBe(
      true,
    )
  })

  test('takes steps in their order and within their time', () => {
    const rule = 'SEQUENCE(a THEN WITHIN 2H b THEN NOT c THEN d)'
    expect(holds(rule, { a: [0], b: [1], d: [9] }, 10)).toBe(true)
    expect(holds(rule, { a: [0], b: [3], d: [9] }, 10)).toBe(false)
    expect(holds(rule, { a: [0], b: [1], c: [5], d: [9] }, 10)).toBe(false)
    expect(holds(rule, { a: [0], b: [1], c: [5], d: [4, 9] }, 10)).toBe(true)
    expect(holds(rule, { a: [1], b: [1], d: [9] }, 10)).toBe(false)
  })

  test('an abandoned cart is one that no order followed in time', () => {
    const rule = 'SEQUENCE(cart THEN NOT WITHIN 24H buy)'
    expect(holds(rule, { cart: [0] }, 23)).toBe(false)
    expect(holds(rule, { cart: [0] }, 24)).toBe(true)
    expect(holds(rule, { cart: [0], buy: [20] }, 30)).toBe(false)
    expect(holds(rule, { cart: [0], buy: [25] }, 30)).toBe(true)
  })

  test('halves a score with its half-life', () => {
    expect(holds('SCORE(a * 8 HALFLIFE 6H) >= 2', { a: [0] }, 12)).toBe(true)
    expect(holds('SCORE(a * 8 HALFLIFE 6H) >= 2', { a: [0] }, 13)).toBe(false)
    expect(holds('SCORE(a * 8, b * -8 HALFLIFE 6H) >= 2', { a: [0], b: [0] }, 1)).toBe(false)
  })
})
