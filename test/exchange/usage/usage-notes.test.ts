import { expect, test } from 'vitest'
import type { Price } from '../../../exchange/contract.ts'
import { noCounts } from '../../../exchange/usage/price/counts.ts'
import { usageNotes } from '../../../exchange/usage/usage-notes.ts'
import { contract } from './usage-world.ts'

const share: Price = { kind: 'percent_media', amountMicros: 1, currency: 'EUR' }

test.each<[string, Price | undefined, object]>([
  ['terms_unknown', undefined, {}],
  ['', { kind: 'cpm', amountMicros: 1, currency: 'EUR' }, { unpriced: 3n }],
  ['price_not_told', share, { unpriced: 3n }],
  ['', share, { currency: 'USD' }],
  ['other_currency', { ...share, capMicros: 9 }, { currency: 'USD' }],
  ['paid_by_month', { kind: 'flat_month', amountMicros: 1, currency: 'EUR' }, {}],
  ['by_volume', { kind: 'tiered_cpm', amountMicros: 1, currency: 'EUR' }, {}],
])('a line is told to be: %s', (notes, price, more) => {
  const line = { ...noCounts(), currency: 'EUR', ...more }
  expect(usageNotes(line, price && contract({ price })).join(' ')).toBe(notes)
})
