import type { Price } from '../../contract.ts'
import { apportion } from './apportion.ts'
import type { Counts } from './counts.ts'
import { halfEven } from './half-even.ts'
import { costOfUnits, priceReached } from './tiers.ts'

/** A month of one contract under one version of its terms; lines in an order of their own. */
export interface VersionUsage {
  price: Price
  lines: readonly Counts[]
}

/**
 * What the lines of a contract's month cost, in micro-units, by version and line. Each is rounded once,
 * half to even. Volume tiers count the units of the month under all its tiered versions, in the order of
 * the versions; their cost is divided among a version's lines by units, and the lines sum to it.
 */
export function monthAmounts(versions: readonly VersionUsage[]): bigint[][] {
  const tiered = versions.filter(({ price }) => price.kind === 'tiered_cpm')
  const volume = tiered.reduce((sum, { lines }) => sum + unitsOf(lines), 0n)
  let before = 0n
  return versions.map(({ price, lines }) => {
    if (price.kind !== 'tiered_cpm') return lines.map((line) => amountOf(price, line))
    const units = lines.map((line) => line.units)
    const from = before
    before += unitsOf(lines)
    if (price.tierMode === 'all') {
      const amount = priceReached(price, volume)
      return units.map((count) => halfEven(count * amount, PER_MILLE))
    }
    return apportion(halfEven(costOfUnits(price, from, unitsOf(lines)), PER_MILLE), units)
  })
}

const PER_MILLE = 1000n
const MILLION = 1_000_000n

/** The amount of a line that costs the same whatever else there is. */
function amountOf(price: Price, line: Counts): bigint {
  const amount = BigInt(price.amountMicros ?? 0)
  switch (price.kind) {
    case 'cpm':
      return halfEven(line.units * amount, PER_MILLE)
    case 'per_match':
      return line.units * amount
    case 'percent_media':
      return mediaAmount(price, line)
    default: // free, or paid by the month
      return 0n
  }
}

/** A unit whose price was not told costs the least there is to pay. */
function mediaAmount(price: Price, { shared, floored, capped, unpriced }: Counts): bigint {
  const share = shared * BigInt(price.amountMicros ?? 0)
  const least = (floored + unpriced) * BigInt(price.floorMicros ?? 0)
  const most = capped * BigInt(price.capMicros ?? 0)
  return halfEven(share + (least + most) * MILLION, PER_MILLE * MILLION)
}

function unitsOf(lines: readonly Counts[]): bigint {
  return lines.reduce((sum, { units }) => sum + units, 0n)
}
