import fc from 'fast-check'
import { expect, test } from 'vitest'
import { priceMicros } from '../../../exchange/usage/price-micros.ts'

test.each([
  ['2.50', 2_500_000],
  ['0', 0],
  ['0.0000001', 0],
  ['0.0000005', 0],
  ['0.0000015', 2],
  ['0.00000050001', 1],
  ['3.1415926535', 3_141_593],
  ['999999999.999999', 999_999_999_999_999],
  ['007', 7_000_000],
])('%s is %i micro-units', (text, micros) => {
  expect(priceMicros(text)).toBe(micros)
})

test.each(['', '-1', '+1', '1e3', '1,5', '.5', '5.', ' 1', '1 ', 'NaN', '0x1', '1000000000', '١'])(
  '%j is no price',
  (text) => {
    expect(priceMicros(text)).toBeUndefined()
  },
)

test('six decimals are kept to the last digit', () => {
  fc.assert(
    fc.property(fc.nat(999_999_999), fc.nat(999_999), (whole, millionths) => {
      const text = `${whole}.${String(millionths).padStart(6, '0')}`
      expect(priceMicros(text)).toBe(whole * 1e6 + millionths)
    }),
  )
})
