import { type Expression, isTrue, leavesOf } from './expression.ts'

/** What `chargedLeaves` works with. Prices are per 1,000 impressions, in micro-units of one currency. */
export interface Charging<Leaf> {
  holds(leaf: Leaf): boolean
  priceMicros(leaf: Leaf): number
}

/**
 * The segments a won impression is charged for, by Xandr's rule ("Data cost calculation"): under AND all
 * of them, under OR the cheapest group that is true, and whatever was excluded. A group costs what its
 * segments cost together; of equally cheap ones the first counts. Each is charged once, however often it
 * stands there. Empty where the expression does not hold.
 */
export function chargedLeaves<Leaf>(
  expression: Expression<Leaf>,
  charging: Charging<Leaf>,
): Leaf[] {
  return [...new Set(used(expression, charging))]
}

function used<Leaf>(expression: Expression<Leaf>, charging: Charging<Leaf>): Leaf[] {
  if (!isTrue(expression, charging.holds)) return []
  if ('leaf' in expression) return [expression.leaf]
  if ('not' in expression) return leavesOf(expression.not)
  if ('and' in expression) return expression.and.flatMap((one) => used(one, charging))
  return cheapest(expression.or, charging)
}

function cheapest<Leaf>(groups: readonly Expression<Leaf>[], charging: Charging<Leaf>): Leaf[] {
  let best: Leaf[] = []
  let bestMicros = Number.POSITIVE_INFINITY
  for (const group of groups) {
    if (!isTrue(group, charging.holds)) continue
    const leaves = used(group, charging)
    const micros = leaves.reduce((sum, leaf) => sum + charging.priceMicros(leaf), 0)
    if (best.length > 0 && micros >= bestMicros) continue
    best = leaves
    bestMicros = micros
  }
  return best
}
