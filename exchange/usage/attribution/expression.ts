/** Which segments an impression was aimed at: a leaf is a segment, `not` one that must be absent. */
export type Expression<Leaf = string> =
  | { leaf: Leaf }
  | { and: readonly Expression<Leaf>[] }
  | { or: readonly Expression<Leaf>[] }
  | { not: Expression<Leaf> }

/** Every leaf, from left to right; a segment that stands twice comes twice. */
export function leavesOf<Leaf>(expression: Expression<Leaf>): Leaf[] {
  if ('leaf' in expression) return [expression.leaf]
  if ('not' in expression) return leavesOf(expression.not)
  return ('and' in expression ? expression.and : expression.or).flatMap(leavesOf)
}

/** True where the expression holds of a person who is in the segments `holds` says. */
export function isTrue<Leaf>(
  expression: Expression<Leaf>,
  holds: (leaf: Leaf) => boolean,
): boolean {
  if ('leaf' in expression) return holds(expression.leaf)
  if ('not' in expression) return !isTrue(expression.not, holds)
  if ('and' in expression) return expression.and.every((one) => isTrue(one, holds))
  return expression.or.some((one) => isTrue(one, holds))
}
