import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rateOf } from '../../../exchange/matchrates/rate.ts'

test('a rate of nothing is none', () => {
  expect(rateOf(0, 0)).toEqual({ count: 0, of: 0, rate: null, low: null, high: null })
})

test('a rate comes with the interval of Wilson (1927)', () => {
  // Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
  expect(rateOf(81, 263)).toMatchObject({ rate: 0.308, low: 0.2553, high: 0.3662 })
  expect(rateOf(15, 148)).toMatchObject({ low: 0.0624, high: 0.1605 })
  expect(rateOf(0, 20)).toMatchObject({ low: 0, high: 0.1611 })
  expect(rateOf(1, 29)).toMatchObject({ low: 0.0061, high: 0.1718 })
})

test('the interval holds the rate, within 0 and 1', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 1_000 }), (count, of) => {
      const { rate, low, high } = rateOf(count, of)
      expect(low!).toBeGreaterThanOrEqual(0)
      expect(high!).toBeLessThanOrEqual(1)
      expect(low!).toBeLessThanOrEqual(Math.min(rate!, 1) + 1e-4)
      expect(high!).toBeGreaterThanOrEqual(Math.min(rate!, 1) - 1e-4)
    }),
  )
})
