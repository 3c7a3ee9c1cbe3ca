import { type Candidate, type CandidateRooms, candidatesOf, type Wanted } from './candidates.ts'
import { SYNC_LIMITS } from './limits.ts'

/** Whom a page asks for, whoever visits it. */
export interface PageAsk extends Pick<Wanted, 'bidders'> {
  /** Names all the rest of what it asks for: where that and `bidders` are the same, all is. */
  rest: string
  /** All of it. */
  wanted: () => Wanted
}

/** Everybody a page might have its visitors synced with. */
export interface Roster {
  readonly bidders: readonly string[]
  readonly candidates: readonly Candidate[]
  /** Whoever it names is synced here. */
  readonly isAllFound: boolean
}

/**
 * Pages ask the same of each visitor: who that comes to is worked out once in a catalog, and kept for as many
 * different pages as SYNC_LIMITS.rostersMax.
 */
export class Rosters {
  readonly #rooms: CandidateRooms
  readonly #kept = new Map<string, Roster>()

  constructor(rooms: CandidateRooms) {
    this.#rooms = rooms
  }

  of({ rest, bidders, wanted }: PageAsk): Roster {
    // Names that are compared one by one cost less than one name made of all of them.
    const place = `${bidders.length} ${bidders[0]} ${bidders[bidders.length - 1]} ${rest}`
    const kept = this.#kept.get(place)
    if (kept !== undefined && isSame(kept.bidders, bidders)) return kept
    const candidates = candidatesOf(this.#rooms, wanted())
    const isAllFound = candidates.every(({ syncer, tier }) => syncer !== undefined || tier > 0)
    const roster = { bidders, candidates, isAllFound }
    if (place.length <= SYNC_LIMITS.rosterNameCharsMax) this.#keep(place, roster)
    return roster
  }

  #keep(place: string, roster: Roster): void {
    const isNew = !this.#kept.has(place)
    if (isNew && this.#kept.size === SYNC_LIMITS.rostersMax)
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest)
        break
      }
    this.#kept.set(place, roster)
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
