import type { CompiledContract } from './compile-contracts.ts'
import type { Price } from './contract.ts'

/**
 * The contract a segment is served under where several are live: the cheapest, then the
 * oldest. Prices are compared by the most that 1,000 units may cost. Two currencies cannot be
 * compared without a rate: the currency of the oldest contract that costs anything decides, and
 * contracts in others stand back.
 */
export function cheapestContract(contracts: readonly CompiledContract[]): CompiledContract {
  if (contracts.length === 1) return contracts[0]!
  const byAge = [...contracts].sort(olderFirst)
  const currency = byAge.find((contract) => costOf(contract) > 0)?.record.price.currency
  let best: CompiledContract | undefined
  for (const contract of byAge) {
    const cost = costOf(contract)
    if (cost > 0 && contract.record.price.currency !== currency) continue
    if (!best || cost < costOf(best)) best = contract
  }
  return best!
}

/** The most that 1,000 units may cost, in micro-units; Infinity where nothing limits it. */
export function costPerMilleMicros(price: Price): number {
  const amount = price.amountMicros ?? 0
  switch (price.kind) {
    case 'free':
    case 'flat_month': // paid for the month already: one unit more costs nothing
      return 0
    case 'percent_media':
      return price.capMicros ?? Number.POSITIVE_INFINITY
    case 'tiered_cpm':
      return Math.max(amount, ...(price.tiers ?? []).map((tier) => tier.amountMicros))
    case 'per_match':
      return amount * 1000
    default:
      return amount
  }
}

function costOf(contract: CompiledContract): number {
  return costPerMilleMicros(contract.record.price)
}

export function olderFirst(a: CompiledContract, b: CompiledContract): number {
  if (a.record.createdAt !== b.record.createdAt)
    return a.record.createdAt < b.record.createdAt ? -1 : 1
  return a.id < b.id ? -1 : 1
}
