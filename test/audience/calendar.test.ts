import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Calendar } from '../../audience/calendar.ts'

const HOUR_MS = 3_600_000

describe('days of a time zone', () => {
  const paris = new Calendar('Europe/Paris')
  const dayOf = (text: string) => Math.floor(Date.parse(`${text}T00:00:00Z`) / 86_400_000)

  test('are 23 hours long in spring and 25 in autumn', () => {
    const spring = dayOf('2026-03-29')
    const autumn = dayOf('2026-10-25')
    expect(paris.startOf(spring + 1) - paris.startOf(spring)).toBe(23 * HOUR_MS)
    expect(paris.startOf(autumn + 1) - paris.startOf(autumn)).toBe(25 * HOUR_MS)
  })

  test('begin at the change of clocks where there is no midnight', () => {
    const saoPaulo = new Calendar('America/Sao_Paulo')
    const day = dayOf('2017-10-15')
    expect(new Date(saoPaulo.startOf(day)).toISOString()).toBe('2017-10-15T03:00:00.000Z')
  })

  test('know 29 February', () => {
    expect(paris.dayOf(Date.parse('2028-02-29T12:00:00Z'))).toBe(dayOf('2028-02-29'))
    expect(paris.dayOf(Date.parse('2028-02-29T23:30:00Z'))).toBe(dayOf('2028-03-01'))
  })

  test('hold every moment exactly once', () => {
    const zones = ['UTC', 'Europe/Paris', 'America/New_York', 'Pacific/Apia', 'Asia/Kathmandu']
    const calendars = zones.map((zone) => new Calendar(zone))
    fc.assert(
      fc.property(
        fc.constantFrom(...calendars),
        fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
        (calendar, atMs) => {
          const day = calendar.dayOf(atMs)
          expect(calendar.startOf(day)).toBeLessThanOrEqual(atMs)
          expect(calendar.startOf(day + 1)).toBeGreaterThan(atMs)
        },
      ),
    )
  })
})
