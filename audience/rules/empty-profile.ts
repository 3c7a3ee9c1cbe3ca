import type { CountOperator, Expression } from './expression.ts'

/**
 * Whether a rule would hold for somebody of whom nothing is known. Such a rule selects everybody who
 * was never seen, which nobody means: `NOT buyer`, `FREQUENCY([visit]) <= 2` (dmp requirement: no
 * unbounded negatives).
 */
export function holdsForNobody(tree: Expression): boolean {
  if ('and' in tree) return tree.and.every(holdsForNobody)
  if ('or' in tree) return tree.or.some(holdsForNobody)
  if ('not' in tree) return !holdsForNobody(tree.not)
  if ('frequency' in tree) return compare(0, tree.is, tree.times)
  if ('score' in tree) return compare(0, tree.is, tree.value)
  return false
}

/** `left is right`, for counts and scores. */
export function compare(left: number, is: CountOperator, right: number): boolean {
  switch (is) {
    case '>=':
      return left >= right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '<':
      return left < right
    default:
      return left === right
  }
}
