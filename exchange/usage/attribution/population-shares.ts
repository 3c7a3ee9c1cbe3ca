import { type Expression, leavesOf } from './expression.ts'

/** A whole impression, in fixed point: shares of it are integers, and sums of them exact. */
export const WHOLE = 1n << 64n

/**
 * Which part of an impression each segment is charged for, by Adobe Audience Manager's rule ("Cost
 * attribution for CPM data feeds"): AND and NOT give each of their parts all of it, OR divides it by
 * population (a model made of several segments is an AND of them). The parts of an OR sum to the whole:
 * what overlaps is paid once. Where nobody is in any of them they share alike. A segment that stands twice
 * gets both parts.
 *
 * @param population people in what an expression names
 */
export function populationShares<Leaf>(
  expression: Expression<Leaf>,
  population: (expression: Expression<Leaf>) => bigint,
  whole = WHOLE,
): Map<Leaf, bigint> {
  const shares = new Map<Leaf, bigint>()
  const add = (leaf: Leaf, share: bigint) => shares.set(leaf, (shares.get(leaf) ?? 0n) + share)
  const give = (to: Expression<Leaf>, share: bigint): void => {
    if ('leaf' in to) add(to.leaf, share)
    else if ('not' in to) for (const leaf of leavesOf(to.not)) add(leaf, share)
    else if ('and' in to) for (const one of to.and) give(one, share)
    else
      for (const [i, part] of divided(share, to.or.map(population)).entries()) give(to.or[i]!, part)
  }
  give(expression, whole)
  return shares
}

/** In proportion to the weights; what the division leaves over goes to the last, so that nothing is lost. */
function divided(share: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n)
  const count = BigInt(weights.length)
  const parts = weights.map((weight) => (sum > 0n ? (share * weight) / sum : share / count))
  const given = parts.reduce((a, b) => a + b, 0n)
  if (parts.length > 0) parts[parts.length - 1]! += share - given
  return parts
}
