import { unpackEgress } from '../../proto/egress-blob.ts'
import { type Clock, dayOf } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import { refuse } from '../refusal.ts'
import { Rounds } from '../rounds.ts'
import {
  type Change,
  type EgressNote,
  type KeptPart,
  type LogCursor,
  PEOPLE_PARTS,
  type PeoplePart,
  type PeopleStore,
  type PersonRecord,
  type StoreFinding,
  type UserKey,
} from '../store/store.ts'
import { REACH_LIMITS } from './limits.ts'
import { mayRelink, nameOf, ReachIndex, type Records } from './reach-index.ts'

export interface ReachOptions {
  people: Pick<PeopleStore, 'walk' | 'recall' | 'changesEnd' | 'changesSince' | 'quietSinceMs'>
  clock: Clock
  /** See ReachIndexOptions. */
  bidChannel: number
  /** Default REACH_LIMITS.idsMax. */
  idsMax?: number
  /** Default REACH_LIMITS.followMs. */
  followMs?: number
}

/** How many people there are in what. One process needs it: the desk. */
export interface Reach {
  /**
   * Resolves when all that was written before the call is counted, with what counts: to be used in the same
   * turn, as it goes on following. While everybody is read first, that takes as long as it takes
   * (`progress`). Rejects where the store does not answer, and where there are too many people.
   */
  upToDate(): Promise<ReachIndex>
  /** Tells of what was written to the egress ledger, which is in no change log. */
  noteEgress(notes: readonly EgressNote[]): void
  progress(): ReachProgress
  findings(): StoreFinding[]
  close(): Promise<void>
}

export interface ReachProgress {
  /** False while everybody is read: at start, as each UTC day begins, and after the change log was lost. */
  isReady: boolean
  /** Ids read so far. */
  ids: number
  /** The part of the store that is being read. */
  part: PeoplePart | undefined
}

/** Reads everybody once, in the background, and follows the change log from then on. */
export function openReach(options: ReachOptions): Reach {
  return new Counting(options)
}

class Counting implements Reach {
  readonly #options: ReachOptions
  readonly #rounds: Rounds
  /** Of today, and followed up to the cursor. */
  #index: ReachIndex | undefined
  /** In the making. */
  #next: ReachIndex | undefined
  #part: PeoplePart | undefined
  #cursor: LogCursor = ''
  #failure: unknown
  /** When they are counted again, where there are too many. */
  #tooManyUntilMs: number | undefined
  #isClosed = false

  constructor(options: ReachOptions) {
    this.#options = options
    this.#rounds = new Rounds(options.followMs ?? REACH_LIMITS.followMs, (isPoked) =>
      this.#round(isPoked),
    )
    void this.#rounds.poke()
  }

  async upToDate(): Promise<ReachIndex> {
    await this.#rounds.poke()
    if (this.#failure === undefined && this.#index) return this.#index
    throw this.#failure ?? new Error('reach is closed')
  }

  noteEgress(notes: readonly EgressNote[]): void {
    for (const index of [this.#index, this.#next]) for (const note of notes) index?.takeEgress(note)
  }

  progress(): ReachProgress {
    const index = this.#next ?? this.#index
    return { isReady: this.#index !== undefined, ids: index?.ids ?? 0, part: this.#part }
  }

  findings(): StoreFinding[] {
    if (this.#tooManyUntilMs === undefined) return []
    const advice = `Reach is not told: there are more than ${this.#idsMax} ids. Offers that ask for a least number of people are refused meanwhile; shorten ttlDays of segments, or set minPeople to 0.`
    return [{ finding: 'reach', advice }]
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#rounds.stop()
    this.#index = undefined
  }

  get #idsMax(): number {
    return this.#options.idsMax ?? REACH_LIMITS.idsMax
  }

  async #round(isPoked: boolean): Promise<void> {
    if (this.#options.clock.elapsed() < (this.#tooManyUntilMs ?? 0)) return
    this.#tooManyUntilMs = undefined
    try {
      const today = dayOf(this.#options.clock.now())
      if (this.#index?.day !== today) this.#index = undefined
      const isQuiet = this.#options.people.quietSinceMs?.(this.#cursor) !== undefined
      if (this.#index && isQuiet && !isPoked && this.#failure === undefined) return
      if (this.#index) await this.#follow(this.#index)
      else await this.#readAll(today)
      this.#failure = undefined
    } catch (error) {
      this.#failure = error
    } finally {
      this.#next = undefined
      this.#part = undefined
    }
  }

  /** What changes meanwhile is followed between the steps: the log need not reach back to the beginning. */
  async #readAll(day: number): Promise<void> {
    const { people, bidChannel } = this.#options
    const index = new ReachIndex({ day, bidChannel })
    this.#next = index
    this.#cursor = await people.changesEnd()
    for (const part of PEOPLE_PARTS) {
      this.#part = part
      for await (const batch of people.walk(part)) {
        await this.#takeAll(index, part, batch)
        if (!(await this.#readChangesSurely(index))) return this.#readAll(day)
      }
    }
    if (!this.#isClosed) this.#index = index
  }

  async #takeAll(index: ReachIndex, part: PeoplePart, batch: readonly KeptPart[]): Promise<void> {
    for (let from = 0; from < batch.length; from += REACH_LIMITS.takenPerTurn) {
      if (this.#isClosed) throw new Error('reach is closed')
      for (const kept of batch.slice(from, from + REACH_LIMITS.takenPerTurn))
        take(index, part, kept)
      this.#refuseTooMany(index)
      await nextTurn()
    }
  }

  /** Ids that nobody has any more keep their numbers: where these run out, all are read, and numbered, anew. */
  async #follow(index: ReachIndex): Promise<void> {
    if ((await this.#readChanges(index)) && index.ids <= this.#idsMax) return
    this.#index = undefined
    await this.#readAll(index.day)
  }

  #refuseTooMany({ ids }: ReachIndex): void {
    if (ids <= this.#idsMax) return
    this.#index = undefined
    this.#tooManyUntilMs = this.#options.clock.elapsed() + REACH_LIMITS.tooManyForMs
    throw refuse('conflict', '', `there are more than ${this.#idsMax} ids: reach is not told`)
  }

  /** A read that fails now and then must not have everybody read from the start again. */
  async #readChangesSurely(index: ReachIndex): Promise<boolean> {
    for (let attempt = 1; ; attempt++)
      try {
        return await this.#readChanges(index)
      } catch (error) {
        if (attempt === REACH_LIMITS.readAttemptsMax || this.#isClosed) throw error
        await new Promise((resolve) => setTimeout(resolve, REACH_LIMITS.readAgainMs))
      }
  }

  /** False where changes may have been missed. What could not be applied is read again by the next call. */
  async #readChanges(index: ReachIndex): Promise<boolean> {
    const { people } = this.#options
    for (;;) {
      const { entries, cursor, fellOff, hasMore } = await people.changesSince(
        this.#cursor,
        LIMITS.changesMax,
      )
      if (fellOff) return false
      if (entries.length > 0) await this.#apply(index, entries)
      this.#cursor = cursor
      if (!hasMore || this.#isClosed) return true
      await nextTurn()
    }
  }

  /** Reads first, then applies in one go: whoever counts in between sees all of it or nothing. */
  async #apply(index: ReachIndex, changes: readonly Change[]): Promise<void> {
    const relinked = changes.filter(mayRelink).map(({ key }) => key)
    const keys = [...changes.map(({ key }) => key), ...index.keysWith(relinked)]
    index.apply(changes, await this.#recordsOf(keys))
  }

  async #recordsOf(keys: readonly UserKey[]): Promise<Records> {
    const distinct = [...new Map(keys.map((key) => [nameOf(key), key])).values()]
    const records = new Map<string, PersonRecord | undefined>()
    for (let from = 0; from < distinct.length; from += LIMITS.recallKeysMax) {
      const some = distinct.slice(from, from + LIMITS.recallKeysMax)
      const found = await this.#options.people.recall(some)
      for (const [i, key] of some.entries()) records.set(nameOf(key), found[i])
    }
    return records
  }
}

function take(index: ReachIndex, part: PeoplePart, { key, bytes }: KeptPart): void {
  if (part === 'profile') index.takeProfile(key, bytes)
  else if (part === 'edges') index.takeEdges(key, bytes)
  else index.takeEgress({ key, entries: unpackEgress(bytes) })
}

/** Lets requests in between the parts of a long read. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
