import type { Price } from './contract.ts'
import { halfEven } from './usage/price/half-even.ts'

const ALL_BPS = 10_000n

/** A price with so many basis points off every amount in it, each rounded half to even. */
export function discounted(price: Price, discountBps: number): Price {
  if (discountBps === 0) return price
  const off = (micros: number) => shareOf(micros, ALL_BPS - BigInt(discountBps))
  const { amountMicros, floorMicros, capMicros, tiers } = price
  return {
    ...price,
    ...(amountMicros === undefined ? {} : { amountMicros: off(amountMicros) }),
    ...(floorMicros === undefined ? {} : { floorMicros: off(floorMicros) }),
    ...(capMicros === undefined ? {} : { capMicros: off(capMicros) }),
    ...(tiers === undefined
      ? {}
      : { tiers: tiers.map((tier) => ({ ...tier, amountMicros: off(tier.amountMicros) })) }),
  }
}

/** BigInt, because an amount times ten thousand may be more than a number holds exactly. */
function shareOf(micros: number, bps: bigint): number {
  return Number(halfEven(BigInt(micros) * bps, ALL_BPS))
}
