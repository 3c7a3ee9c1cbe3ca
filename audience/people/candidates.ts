import { LIMITS } from '../limits.ts'
import { KeyList } from './key-list.ts'

/** Where in a bid request an id stood. `eids` covers user.eids and user.ext.eids. */
export const IdPlaces = ['buyeruid', 'user_id', 'eids', 'ifa'] as const
export type IdPlace = (typeof IdPlaces)[number]

/** The keys one bid request names, in the order they are asked. Reused: filled by identify. */
export class Candidates {
  readonly list = new KeyList(LIMITS.candidatesMax)
  /** For each: index into IdPlaces. */
  readonly place = new Uint8Array(LIMITS.candidatesMax)
  /** For each: its namespace's number. */
  readonly namespace = new Int32Array(LIMITS.candidatesMax)
  /** For each: where its eid begins among the ids of the request (BidFacts.ids); -1 outside of eids. */
  readonly eid = new Int32Array(LIMITS.candidatesMax)
  /** The same for the ids that are added next. */
  eidNow = -1

  get count(): number {
    return this.list.count
  }

  /** Four words for each. */
  get keys(): Uint32Array {
    return this.list.words
  }

  get isFull(): boolean {
    return this.count === LIMITS.candidatesMax
  }

  reset(): void {
    this.list.reset()
  }

  /** Adds the key in the four words of `key`; one that is there already, or beyond the bound, is left out. */
  add(key: Uint32Array, place: number, namespace: number): void {
    const before = this.count
    const index = this.list.add(key, 0)
    if (index !== before) return
    this.place[index] = place
    this.namespace[index] = namespace
    this.eid[index] = this.eidNow
  }
}
