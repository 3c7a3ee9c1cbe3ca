import { afterAll, beforeAll, expect, test } from 'vitest'
import { readMoment } from '../../../audience/events/read-moment.ts'

// Wherever the machine stands: what says no offset is in UTC.
const zone = process.env['TZ']
beforeAll(() => {
  process.env['TZ'] = 'America/New_York'
})
afterAll(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

const AT = '2026-11-27T04:00:00.000Z'
const AT_MS = Date.parse(AT)

test.each([
  [AT, AT],
  ['2026-11-27T04:00:00', AT],
  ['2026-11-27 04:00:00', AT],
  ['2026-11-27T04:00', AT],
  ['2026-11-27t04:00:00z', AT],
  ['2026-11-27T05:00:00+01:00', AT],
  ['2026-11-27T05:00:00+0100', AT],
  ['2026-11-27T05:00:00+01', AT],
  ['2026-11-27 04:00:00 +0000', AT],
  ['2026-11-27 04:00:00 UTC', AT],
  ['2026-11-27 04:00:00.000 gmt', AT],
  ['2026-11-27T04:00:00,250Z', '2026-11-27T04:00:00.250Z'],
  ['2026-11-27T04:00:00.123456789Z', '2026-11-27T04:00:00.123Z'],
  ['2026-11-27', '2026-11-27T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['2026-11-26T24:00:00Z', '2026-11-27T00:00:00.000Z'],
  ['Fri, 27 Nov 2026 04:00:00 GMT', AT],
  ['Fri Nov 27 2026 05:00:00 GMT+0100 (Central European Standard Time)', AT],
  [AT_MS, AT],
  [AT_MS / 1_000, AT],
  [`${AT_MS}`, AT],
  [`${AT_MS / 1_000}.5`, '2026-11-27T04:00:00.500Z'],
  [0, '1970-01-01T00:00:00.000Z'],
])('%s is a moment', (said, meant) => {
  expect(new Date(readMoment(said)!).toISOString()).toBe(meant)
})

test.each([
  ...[
    '',
    ' ',
    'x',
    '1',
    'hello 1',
    'foo 2026',
    '03/04/2026',
    'Fri Nov 27 2026',
    '20261127T040000Z',
  ],
  ...[
    '2026-02-29',
    '2026-02-29T00:00:00.000Z',
    '2026-02-30T00:00:00Z',
    '2026-11-31',
    '2026-13-01',
    '2026-11-27T25:00:00Z',
  ],
  ...['2026-11-27T04:00:00+1', '12026-11-27', '+010000-01-01T00:00:00Z', '2026'],
  ...[AT_MS * 1_000, 1e300, Number.NaN, Number.POSITIVE_INFINITY, true, null, undefined, {}, []],
])('%s is none', (said) => {
  expect(readMoment(said)).toBeUndefined()
})
