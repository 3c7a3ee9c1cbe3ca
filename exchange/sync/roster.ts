import {
  type Candidate,
  type CandidateRooms,
  candidatesOf,
  type Fit,
  type Wanted,
} from './candidates.ts'
import { SYNC_LIMITS } from './limits.ts'
import { LineUp } from './line-up.ts'

/** Everybody a page might have its visitors synced with: worked out once for all of them, in one catalog. */
export class Roster {
  readonly candidates: readonly Candidate[]
  /** Whoever it names is synced here. */
  readonly isAllFound: boolean
  /** For browsers that returned our cookie, and for others. */
  readonly #lineUps = new Map<boolean, LineUp>()

  constructor(rooms: CandidateRooms, wanted: Wanted) {
    this.candidates = candidatesOf(rooms, wanted)
    this.isAllFound = this.candidates.every(({ syncer, tier }) => syncer !== undefined || tier > 0)
  }

  /** The order that a lot gave them within the last SYNC_LIMITS.lineUpMs. */
  lineUp(isReturning: boolean, nowMs: number, lotOf: (one: Fit) => number): LineUp {
    const kept = this.#lineUps.get(isReturning)
    const ageMs = kept === undefined ? Number.NaN : nowMs - kept.drawnMs
    if (ageMs >= 0 && ageMs < SYNC_LIMITS.lineUpMs) return kept!
    const drawn = new LineUp(this.candidates, lotOf, nowMs)
    this.#lineUps.set(isReturning, drawn)
    return drawn
  }
}
