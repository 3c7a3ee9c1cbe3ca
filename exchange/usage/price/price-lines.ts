import type { UsageTerms } from '../usage-terms.ts'
import type { Counts } from './counts.ts'
import { monthAmounts } from './month-amounts.ts'

/** A line of usage, whatever it is a sum of. */
export interface Priceable extends Counts {
  contract: string
  version: number
}

/**
 * What each line costs, in micro-units of its currency. The lines are all there is of their contracts in
 * one month, in an order of their own: volume tiers look at the month. Under unknown terms: 0.
 */
export function priceLines<L extends Priceable>(
  lines: readonly L[],
  terms: UsageTerms,
): ReadonlyMap<L, bigint> {
  const amounts = new Map<L, bigint>()
  for (const ofContract of grouped(lines, ({ contract }) => contract).values()) {
    const versions = [...grouped(ofContract, ({ version }) => version)]
      .sort(([a], [b]) => a - b)
      .map(([version, list]) => ({
        price: terms.contract(list[0]!.contract, version)?.price ?? ({ kind: 'free' } as const),
        lines: list,
      }))
    for (const [v, of] of monthAmounts(versions).entries())
      for (const [i, amount] of of.entries()) amounts.set(versions[v]!.lines[i]!, amount)
  }
  return amounts
}

export function grouped<T, K>(list: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const one of list) {
    const group = groups.get(keyOf(one))
    if (group) group.push(one)
    else groups.set(keyOf(one), [one])
  }
  return groups
}
