import { expect, test } from 'vitest'
import { calendarIn, isTimeZone } from '../../audience/calendar.ts'
import { dayOf } from '../../audience/clock.ts'
import { dayText, isDay, momentOf } from '../../exchange/moment.ts'

const cases: [string, string | undefined, string][] = [
  ['2026-01-01', undefined, '2026-01-01T00:00:00.000Z'],
  ['2026-01-01', 'Europe/Paris', '2025-12-31T23:00:00.000Z'],
  ['2026-07-01', 'Europe/Paris', '2026-06-30T22:00:00.000Z'],
  ['2026-01-01T12:30', 'America/New_York', '2026-01-01T17:30:00.000Z'],
  ['2026-01-01T12:30:15.5', 'Asia/Kolkata', '2026-01-01T07:00:15.500Z'],
  ['2026-01-01T00:00:00Z', 'Europe/Paris', '2026-01-01T00:00:00.000Z'],
  ['2026-01-01T00:00:00+02:00', 'America/New_York', '2025-12-31T22:00:00.000Z'],
  ['2026-03-29', 'Europe/Paris', '2026-03-28T23:00:00.000Z'],
  ['2026-03-30', 'Europe/Paris', '2026-03-29T22:00:00.000Z'],
  ['2026-10-25', 'Europe/Paris', '2026-10-24T22:00:00.000Z'],
  ['2026-10-26', 'Europe/Paris', '2026-10-25T23:00:00.000Z'],
]

test.each(cases)('%s in %s is %s', (text, zone, expected) => {
  expect(new Date(momentOf(text, zone)).toISOString()).toBe(expected)
})

test('a date that does not exist is no moment', () => {
  for (const text of ['2026-02-30', '2026-13-01', '2026-02-29', '2026-01-01T25:00:00Z'])
    expect(momentOf(text)).toBeNaN()
})

test('a day is one that exists, in years with which the calendar can be worked through', () => {
  for (const text of ['2026-11-26', '2028-02-29', '1900-01-01', '2999-12-31'])
    expect(isDay(text)).toBe(true)
  for (const text of [
    '2026-02-29',
    '2026-13-01',
    '2026-00-10',
    '9999-12-31',
    '1899-12-31',
    '26-1-1',
  ])
    expect(isDay(text)).toBe(false)
})

test('an hour that the clocks skip or repeat still is one moment, within that hour', () => {
  for (const text of ['2026-03-29T02:30', '2026-10-25T02:30']) {
    const ms = momentOf(text, 'Europe/Paris')
    expect(Math.abs(ms - Date.parse(`${text}:00Z`) + 90 * 60_000)).toBeLessThanOrEqual(30 * 60_000)
  }
})

test('zones are known by their IANA names', () => {
  expect(isTimeZone('Europe/Paris')).toBe(true)
  expect(isTimeZone('Mars/Olympus')).toBe(false)
})

test('a midnight that the clocks skip is the moment of the change', () => {
  expect(new Date(momentOf('2028-09-03', 'America/Santiago')).toISOString()).toBe(
    '2028-09-03T04:00:00.000Z',
  )
})

test('a date is the moment at which its day begins, in every zone and whenever its clocks are changed', () => {
  const zones = ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago']
  for (const zone of [...zones, 'Asia/Beirut', 'Africa/Cairo'])
    for (let day = dayOf(Date.UTC(2026, 0)); day < dayOf(Date.UTC(2027, 0)); day++)
      expect([zone, dayText(day), momentOf(dayText(day), zone)]).toEqual([
        zone,
        dayText(day),
        calendarIn(zone).startOf(day),
      ])
})
