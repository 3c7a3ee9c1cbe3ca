import type { Price } from '../../contract.ts'

/** From the unit with this number on, 1,000 of them cost so many micro-units. */
interface Tier {
  from: bigint
  amount: bigint
}

/**
 * What a stretch of a month's units costs, each at its own tier's price: in micro-units, times 1,000.
 * @param before units of the month that come before the stretch
 */
export function costOfUnits(price: Price, before: bigint, units: bigint): bigint {
  const tiers = tiersOf(price)
  let cost = 0n
  for (const [i, { from, amount }] of tiers.entries()) {
    const next = tiers[i + 1]?.from
    const first = before + 1n > from ? before + 1n : from
    const last = next === undefined || before + units < next ? before + units : next - 1n
    if (last >= first) cost += (last - first + 1n) * amount
  }
  return cost
}

/** The price per 1,000, in micro-units, of the highest tier that so many units reach. */
export function priceReached(price: Price, units: bigint): bigint {
  let reached = tiersOf(price)[0]!.amount
  for (const { from, amount } of tiersOf(price)) if (units >= from) reached = amount
  return reached
}

/** The price's own amount holds until the first tier begins. */
function tiersOf({ amountMicros = 0, tiers = [] }: Price): Tier[] {
  const all = tiers.map((tier) => ({
    from: BigInt(tier.fromUnits),
    amount: BigInt(tier.amountMicros),
  }))
  return all[0]?.from === 1n ? all : [{ from: 1n, amount: BigInt(amountMicros) }, ...all]
}
