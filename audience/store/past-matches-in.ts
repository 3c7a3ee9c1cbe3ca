import { unpackEdges } from '../../proto/edge-blob.ts'
import type { PastMatch } from '../../proto/egress-blob.ts'

/** What a suppression on `today` leaves of some packed edges: of the live ones, or those whose far end it takes. */
export function pastMatchesIn(
  edges: Uint8Array,
  today: number,
  isTaken: (key: Uint8Array) => boolean = () => true,
): PastMatch[] {
  return unpackEdges(edges)
    .filter(({ key, expiryDay }) => expiryDay > today && isTaken(key))
    .map(({ key, namespace, owner }) => ({ key, namespace, owner, lastDay: today }))
}
