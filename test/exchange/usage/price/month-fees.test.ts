import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Price } from '../../../../exchange/contract.ts'
import { momentOf } from '../../../../exchange/moment.ts'
import { monthFees, type VersionLife } from '../../../../exchange/usage/price/month-fees.ts'
import { Fraction } from '../../../support/fraction.ts'

const month: Price = { kind: 'flat_month', amountMicros: 3_000_000, currency: 'EUR' }
const prorated: Price = { ...month, prorated: true }

function life(from: string, until: string, more: Partial<VersionLife> = {}): VersionLife {
  const timeZone = more.timeZone ?? 'UTC'
  const [fromMs, untilMs] = [momentOf(from, timeZone), momentOf(until, timeZone)]
  return { version: 1, price: prorated, timeZone, fromMs, untilMs, ...more }
}

describe('a price by the month', () => {
  test.each<[string, VersionLife[], string, string]>([
    ['is paid whole', [life('2020-01-01', '2030-01-01')], '2026-11', '30/30 3000000'],
    ['knows 29 February', [life('2028-02-15', '2030-01-01')], '2028-02', '15/29 1551724'],
    ['knows 28 February', [life('2026-02-15', '2030-01-01')], '2026-02', '14/28 1500000'],
    [
      'is paid by days where it begins midway',
      [life('2026-11-16', '2030-01-01')],
      '2026-11',
      '15/30 1500000',
    ],
    [
      'counts the day on which it begins',
      [life('2026-11-16T23:59', '2030-01-01')],
      '2026-11',
      '15/30 1500000',
    ],
    [
      'does not count the day at whose first moment it ends',
      [life('2020-01-01', '2026-11-16')],
      '2026-11',
      '15/30 1500000',
    ],
    [
      'counts the day in which it ends',
      [life('2020-01-01', '2026-11-16T00:00:01')],
      '2026-11',
      '16/30 1600000',
    ],
    [
      'is paid whole, begun midway, where it is not prorated',
      [life('2026-11-30', '2030-01-01', { price: month })],
      '2026-11',
      '30/30 3000000',
    ],
    ['is not paid after its end', [life('2020-01-01', '2026-11-01')], '2026-11', ''],
    ['is not paid before its beginning', [life('2026-12-01', '2030-01-01')], '2026-11', ''],
    [
      'has days where the contract is at home',
      [life('2026-11-01', '2026-11-02', { timeZone: 'Pacific/Auckland' })],
      '2026-11',
      '1/30 100000',
    ],
    [
      'has days there also at the end of the month before',
      [life('2026-11-01', '2026-11-02', { timeZone: 'Pacific/Auckland' })],
      '2026-10',
      '',
    ],
  ])('%s', (_name, lives, asked, shown) => {
    const fees = monthFees(lives, asked).map(
      ({ days, daysInMonth, amountMicros }) => `${days}/${daysInMonth} ${amountMicros}`,
    )
    expect(fees.join(' ')).toBe(shown)
  })

  test('is split by version where the price changes midway', () => {
    const dearer = { ...prorated, amountMicros: 6_000_000 }
    const before = life('2026-01-01', '2026-11-11T12:00')
    const after = life('2026-11-11T12:00', '2027-01-01', { version: 2, price: dearer })
    expect(monthFees([before, after], '2026-11')).toEqual([
      { version: 1, days: 11, daysInMonth: 30, amountMicros: 1_100_000n },
      { version: 2, days: 19, daysInMonth: 30, amountMicros: 3_800_000n },
    ])
    const whole = { ...before, price: month }
    expect(
      monthFees([whole, after], '2026-11').map(({ version, days }) => [version, days]),
    ).toEqual([[1, 30]])
  })
})

const HOUR_MS = 3_600_000
const cuts = fc.uniqueArray(fc.integer({ min: -60, max: 40 * 24 }), { minLength: 2, maxLength: 5 })

test('each day of a month is paid once, by the first version in force on it', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Paris', 'America/New_York', 'Pacific/Auckland')
  fc.assert(
    fc.property(
      cuts,
      fc.constantFrom('2026-02', '2026-03', '2028-02', '2026-11'),
      zones,
      (at, asked, timeZone) => {
        const startMs = momentOf(`${asked}-01`, timeZone)
        const moments = at.sort((a, b) => a - b).map((hours) => startMs + hours * HOUR_MS)
        const lives = moments.slice(1).map((untilMs, i) => {
          const price = { ...prorated, amountMicros: 1_000_000 * (i + 1) }
          return { version: i + 1, price, timeZone, fromMs: moments[i]!, untilMs }
        })
        const paid = new Map<number, number>()
        const days = daysOf(asked)
        for (const [i, day] of days.entries()) {
          const from = momentOf(day, timeZone)
          const next = days[i + 1] ?? dayAfter(day)
          const until = momentOf(next, timeZone)
          const first = lives.find(({ fromMs, untilMs }) => fromMs < until && untilMs > from)
          if (first) paid.set(first.version, (paid.get(first.version) ?? 0) + 1)
        }
        const fees = monthFees(lives, asked)
        expect(new Map(fees.map(({ version, days: count }) => [version, count]))).toEqual(paid)
        for (const { version, days: count, amountMicros } of fees)
          expect(amountMicros).toBe(
            new Fraction(1_000_000 * version * count, days.length).rounded(),
          )
      },
    ),
  )
})

function daysOf(asked: string): string[] {
  const days: string[] = []
  for (let day = `${asked}-01`; day.startsWith(asked); day = dayAfter(day)) days.push(day)
  return days
}

function dayAfter(day: string): string {
  return new Date(Date.parse(day) + 24 * HOUR_MS).toISOString().slice(0, 10)
}
