import type { PropertyTest } from './expression.ts'

/**
 * Conjunctions with the tests they want in order: the kind that selects most first, of one kind the test that fewest
 * ask for.
 */
export function inOrderOfChoice<T extends { wanted: readonly number[] }>(
  tests: readonly PropertyTest[],
  conjunctions: readonly T[],
): T[] {
  const askedBy = new Uint32Array(tests.length)
  for (const { wanted } of conjunctions) for (const test of wanted) askedBy[test]!++
  const kinds = tests.map(kindOf)
  return conjunctions.map((one) => ({
    ...one,
    wanted: one.wanted.toSorted((a, b) => kinds[a]! - kinds[b]! || askedBy[a]! - askedBy[b]!),
  }))
}

/** The most selective first. A text that has to be searched is searched once for an event, whoever asks. */
function kindOf({ is }: PropertyTest): number {
  if (is === '==' || is === 'in') return 0
  if (is === 'exists') return 3
  return ['>=', '>', '<=', '<'].includes(is) ? 1 : 2
}
