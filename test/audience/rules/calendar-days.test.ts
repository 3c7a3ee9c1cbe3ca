import { describe, expect, test } from 'vitest'
import { calendarIn } from '../../../audience/calendar.ts'
import { nextChangeMs, ruleHolds } from '../../../audience/rules/evaluate.ts'
import { parseExpression } from '../../../audience/rules/parse-expression.ts'
import { boundsOf } from '../../../audience/rules/window.ts'
import { nobody } from './arbitrary-history.ts'
import { BruteForce } from './brute-force.ts'

// Windows over days that are not 24 hours long, and over the one that is there every four years.

const HOUR_MS = 3_600_000

/** Asked of somebody who showed `a` once, in a zone. */
function asking(zone: string, shownAt: string) {
  const calendar = calendarIn(zone)
  const history = { ...nobody, shown: () => [{ atMs: Date.parse(shownAt), count: 1 }] }
  return {
    holds(rule: string, at: string): boolean {
      const tree = parseExpression(rule)
      const nowMs = Date.parse(at)
      const answer = ruleHolds(tree, history, { nowMs, calendar })
      expect(new BruteForce(history, nowMs, zone).holds(tree)).toBe(answer)
      return answer
    },
    changes(rule: string, at: string): string {
      const nextMs = nextChangeMs(parseExpression(rule), history, {
        nowMs: Date.parse(at),
        calendar,
      })
      return Number.isFinite(nextMs) ? new Date(nextMs).toISOString() : 'never'
    },
    /** Hours a window of whole days holds at a moment. */
    hours(days: string, at: string): number {
      const { fromMs, toMs } = boundsOf(
        { is: '<=', for: days },
        { nowMs: Date.parse(at), calendar },
      )
      return (toMs - fromMs!) / HOUR_MS
    },
  }
}

const DAY = 'FREQUENCY([a] <= 1D) >= 1'
const HOURS = 'FREQUENCY([a] <= 24H) >= 1'
const AGO = 'FREQUENCY([a] >= 1D) >= 1'

describe('a day of 23 hours', () => {
  // Paris, 29 March 2026: after 02:00 comes 03:00.
  const { holds, changes, hours } = asking('Europe/Paris', '2026-03-28T23:30:00+01:00')

  test('is a day as any other to a window of days', () => {
    expect(holds(DAY, '2026-03-29T23:59:59.999+02:00')).toBe(true)
    expect(holds(DAY, '2026-03-30T00:00:00+02:00')).toBe(false)
    expect(changes(DAY, '2026-03-28T23:30:00+01:00')).toBe('2026-03-29T22:00:00.000Z')
    expect(hours('1D', '2026-03-30T00:00:00+02:00')).toBe(23)
  })

  test('is an hour short to a window of hours', () => {
    // 24 hours later the clock says 00:30 of the day after.
    expect(holds(HOURS, '2026-03-30T00:30:00+02:00')).toBe(true)
    expect(holds(HOURS, '2026-03-30T00:30:00.001+02:00')).toBe(false)
    expect(changes(HOURS, '2026-03-28T23:30:00+01:00')).toBe('2026-03-29T22:30:00.001Z')
  })

  test('is over an hour sooner to what is to be a day ago', () => {
    expect(holds(AGO, '2026-03-28T23:59:59.999+01:00')).toBe(false)
    expect(holds(AGO, '2026-03-29T00:00:00+01:00')).toBe(true)
    expect(holds('FREQUENCY([a] >= 2D) >= 1', '2026-03-29T23:59:59.999+02:00')).toBe(false)
    expect(holds('FREQUENCY([a] >= 2D) >= 1', '2026-03-30T00:00:00+02:00')).toBe(true)
  })
})

describe('a day of 25 hours', () => {
  // Paris, 25 October 2026: after 02:59 comes 02:00 once more.
  const { holds, changes, hours } = asking('Europe/Paris', '2026-10-24T23:30:00+02:00')

  test('is a day as any other to a window of days', () => {
    expect(holds(DAY, '2026-10-25T23:59:59.999+01:00')).toBe(true)
    expect(holds(DAY, '2026-10-26T00:00:00+01:00')).toBe(false)
    expect(changes(DAY, '2026-10-24T23:30:00+02:00')).toBe('2026-10-25T23:00:00.000Z')
    expect(hours('1D', '2026-10-26T00:00:00+01:00')).toBe(25)
  })

  test('is an hour long to a window of hours', () => {
    expect(holds(HOURS, '2026-10-25T22:30:00+01:00')).toBe(true)
    expect(holds(HOURS, '2026-10-25T22:30:00.001+01:00')).toBe(false)
  })

  test('knows the hour that is there twice as two', () => {
    const twice = asking('Europe/Paris', '2026-10-25T02:30:00+02:00')
    const recent = 'FREQUENCY([a] <= 59M) >= 1'
    expect(twice.holds(recent, '2026-10-25T02:29:00+01:00')).toBe(true)
    expect(twice.holds(recent, '2026-10-25T02:30:00+01:00')).toBe(false)
    expect(twice.holds('FREQUENCY([a] <= 0D) >= 1', '2026-10-25T23:59:59+01:00')).toBe(true)
  })
})

test('a midnight that is not there is none: the day begins when the clocks have been set', () => {
  // São Paulo, 15 October 2017: after 23:59 comes 01:00.
  const { holds, changes } = asking('America/Sao_Paulo', '2017-10-14T12:00:00-03:00')
  expect(changes('FREQUENCY([a] <= 0D) >= 1', '2017-10-14T12:00:00-03:00')).toBe(
    '2017-10-15T03:00:00.000Z',
  )
  expect(holds(AGO, '2017-10-15T01:00:00-02:00')).toBe(true)
})

test('a day that was left out is none to a window', () => {
  // Apia went over the date line: after 29 December 2011 came the 31st. Days are the dates there would have been.
  const { holds } = asking('Pacific/Apia', '2011-12-29T12:00:00-10:00')
  expect(holds(DAY, '2011-12-31T12:00:00+14:00')).toBe(false)
  expect(holds('FREQUENCY([a] <= 2D) >= 1', '2011-12-31T12:00:00+14:00')).toBe(true)
})

describe('29 February', () => {
  const { holds, changes } = asking('Europe/Paris', '2028-02-28T12:00:00+01:00')

  test('is a day between the 28th and the 1st of March', () => {
    expect(holds(DAY, '2028-02-29T23:59:59+01:00')).toBe(true)
    expect(holds(DAY, '2028-03-01T00:00:00+01:00')).toBe(false)
    expect(changes(DAY, '2028-02-28T12:00:00+01:00')).toBe('2028-02-29T23:00:00.000Z')
    expect(holds('FREQUENCY([a] <= 2D) >= 1', '2028-03-01T23:59:59+01:00')).toBe(true)
  })

  test('makes a window of 365 days end a date sooner', () => {
    expect(holds('FREQUENCY([a] <= 365D) >= 1', '2029-02-27T23:59:59+01:00')).toBe(true)
    expect(holds('FREQUENCY([a] <= 365D) >= 1', '2029-02-28T00:00:00+01:00')).toBe(false)
    const year = asking('Europe/Paris', '2026-02-28T12:00:00+01:00')
    expect(year.holds('FREQUENCY([a] <= 365D) >= 1', '2027-02-28T23:59:59+01:00')).toBe(true)
    expect(year.holds('FREQUENCY([a] <= 365D) >= 1', '2027-03-01T00:00:00+01:00')).toBe(false)
  })

  test('is itself a day that a year later is 366 days ago', () => {
    const leap = asking('Europe/Paris', '2028-02-29T12:00:00+01:00')
    expect(leap.holds('FREQUENCY([a] >= 366D) >= 1', '2029-02-28T12:00:00+01:00')).toBe(false)
    expect(leap.holds('FREQUENCY([a] >= 366D) >= 1', '2029-03-01T00:00:00+01:00')).toBe(true)
  })
})
