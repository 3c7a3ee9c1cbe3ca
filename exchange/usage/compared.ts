import type { Clock } from '../../audience/clock.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import type { ReachedCap, UncountedWord } from '../cap.ts'
import type { Contracts } from './cap-usage.ts'
import type { UsageLookups } from './read/usage-lookups.ts'

export interface CompareCapsOptions {
  tallies: TallyStore
  /** What counters are read with, by the catalog as it is now. */
  lookups(): UsageLookups
  clock: Clock
  /** Counters that are followed, lines, and segments in the sets of a day that are held at once; defaults in LIMITS. */
  followedMax?: number
  linesMax?: number
  setMembersMax?: number
  /** Default LIMITS.capsPassesMax. */
  passesMax?: number
}

/** What came of comparing one contract: a cap it has reached, none, or why that is not known. */
export type Compared =
  | { reached: Omit<ReachedCap, 'reachedAt'> | undefined }
  | { uncounted: UncountedWord; error: string }

/** Of none it is known what its usage comes to. */
export function unread(contracts: Contracts, thrown: unknown): Map<string, Compared> {
  const error = thrown instanceof Error ? thrown.message : String(thrown)
  return new Map([...contracts.keys()].map((id) => [id, { uncounted: 'unread', error }]))
}
