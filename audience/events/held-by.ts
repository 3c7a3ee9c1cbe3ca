import type { GatheredId } from './gather-people.ts'
import type { OwnerRules } from './rule-book.ts'

/**
 * The memberships that count for an owner's rules: segment number → first UTC day on which it no longer holds. What others
 * know of somebody counts over matches of the exchange from an id of which the owner knows something: its own matches serve
 * its own segments.
 */
export function heldBy(
  { foreign }: OwnerRules,
  ids: readonly GatheredId[],
  known: readonly GatheredId[],
): Map<number, number> {
  const clusters = new Set(known.map(({ cluster }) => cluster))
  return new Map(
    ids.flatMap(({ memberships, cluster }) =>
      memberships
        .filter(({ segment }) => !foreign.has(segment) || clusters.has(cluster))
        .map(({ segment, expiryDay }) => [segment, expiryDay]),
    ),
  )
}
