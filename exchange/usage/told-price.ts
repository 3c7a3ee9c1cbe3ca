import type { Price } from '../contract.ts'
import type { NoticeRecord } from './ledger-record.ts'
import type { Measure } from './tally-field.ts'

const MILLION = 1_000_000n

/**
 * How the price told for a unit is counted (micro-units per 1,000), beside the unit: summed, or that none
 * was told. Where the contract is paid as a share of it: whether the share is taken, or the least or the
 * most per 1,000 applies, so that money is worked out, exactly, of sums only. Least and most mean nothing
 * in another currency.
 */
export function toldPrice(
  price: Price,
  told: NoticeRecord['price'],
): { measure: Measure; by: bigint }[] {
  if (!told) return [{ measure: 'unpriced', by: 1n }]
  const by = BigInt(told.micros)
  if (price.kind !== 'percent_media') return [{ measure: 'media', by }]
  const bound = told.currency === price.currency ? boundReached(price, by) : undefined
  if (!bound) return [{ measure: 'shared', by }]
  return [
    { measure: bound, by: 1n },
    { measure: 'media', by },
  ]
}

function boundReached(price: Price, media: bigint): 'floored' | 'capped' | undefined {
  const share = media * BigInt(price.amountMicros ?? 0)
  const { floorMicros, capMicros } = price
  if (floorMicros !== undefined && share < BigInt(floorMicros) * MILLION) return 'floored'
  if (capMicros !== undefined && share > BigInt(capMicros) * MILLION) return 'capped'
  return undefined
}
