import { LIMITS } from '../limits.ts'
import type { PeopleStore, UserKey } from '../store/store.ts'
import type { Enters } from './known.ts'
import { nameOf } from './shared-reads.ts'

/** An id of which no more than that is left: what it was made of is kept nowhere. */
export interface PastId {
  key: UserKey
  /** Namespace number. */
  namespace: number
}

/**
 * The ids that matches joined with some until suppressions took the matches, nearest first, as far as `enters`
 * allows: at most LIMITS.pastIdsMax. They join nobody any more; an erasure is passed on over them.
 */
export async function pastIdsOf(
  store: PeopleStore,
  starts: readonly UserKey[],
  enters: Enters,
): Promise<PastId[]> {
  const seen = new Set(starts.map(nameOf))
  const found: PastId[] = []
  for (let ring = [...starts]; ring.length > 0; ) {
    const reached: PastId[] = []
    for (const past of await store.pastMatchesOf(ring))
      for (const match of past) {
        const key = Buffer.from(match.key)
        if (seen.has(nameOf(key)) || !enters(match)) continue
        seen.add(nameOf(key))
        reached.push({ key, namespace: match.namespace })
      }
    const room = LIMITS.pastIdsMax - found.length
    found.push(...reached.slice(0, room))
    ring = reached.slice(0, room).map(({ key }) => key)
  }
  return found
}
