import type { Price } from '../contract.ts'
import type { NoticeRecord } from './ledger-record.ts'
import type { Measure } from './tally-field.ts'

const MILLION = 1_000_000n

/**
 * How a unit under a share of the media price is counted, so that the share is taken, exactly, of sums
 * only: its clearing price (micro-units per 1,000), or that the least or the most per 1,000 applies, or
 * that no price was told. Least and most mean nothing in another currency. Undefined for other prices.
 */
export function mediaClass(
  price: Price,
  told: NoticeRecord['price'],
): { measure: Measure; by: bigint } | undefined {
  if (price.kind !== 'percent_media') return undefined
  if (!told) return { measure: 'unpriced', by: 1n }
  const media = BigInt(told.micros)
  if (told.currency !== price.currency) return { measure: 'media', by: media }
  const share = media * BigInt(price.amountMicros ?? 0)
  const { floorMicros, capMicros } = price
  if (floorMicros !== undefined && share < BigInt(floorMicros) * MILLION)
    return { measure: 'floored', by: 1n }
  if (capMicros !== undefined && share > BigInt(capMicros) * MILLION)
    return { measure: 'capped', by: 1n }
  return { measure: 'media', by: media }
}
