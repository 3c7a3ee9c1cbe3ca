import { isSuppressed } from '../../proto/suppression-mark.ts'
import { isLater, type Soon } from '../soon.ts'
import type { PeopleStore, UserKey } from '../store/store.ts'
import type { Candidates } from './candidates.ts'
import { KeyList } from './key-list.ts'
import { NO_ROW } from './lru-cache.ts'
import type { NearCache } from './near-cache.ts'
import { NODES_MAX, type PersonView } from './person-view.ts'
import { readRecord } from './read-record.ts'
import { RecordSpan } from './record-span.ts'
import { nameOf, type ReadRecords, SharedReads } from './shared-reads.ts'
import { KEY_WORDS, keyOf, readKey } from './user-key.ts'

/**
 * Whether any of a request's ids is known; `opted_out` where one of them, or of the ids that the person is
 * joined of, is suppressed.
 */
export type RecallWord = 'known' | 'stranger' | 'opted_out'

/** Since the process began. */
export interface RecallCounts {
  /** Recalls answered `known` from the near-cache. */
  hits: number
  /** Recalls answered `stranger` from the near-cache. */
  negatives: number
  /** Recalls for which the store was read. */
  misses: number
  /** Records that were served while they were read anew. */
  stale: number
}

/** What is asked, and where the answer goes. All three stay the caller's until it is answered. */
interface Ask {
  candidates: Candidates
  today: number
  view: PersonView
}

/**
 * Finds the person a request names: the first candidate with a live membership or a live match
 * decides, and the view is filled with what holds at every id it is joined to by live matches. The other
 * candidates are looked at too, since one that is suppressed denies whatever the rest may say.
 *
 * An attempt walks through records at hand and notes the keys of those that are not. What is missing
 * is read in one batch, and the next attempt begins anew: one batch for all candidates, then one for
 * each ring of neighbours. With everything in the near-cache, or a store that answers at once, no
 * promise is made.
 */
export class Recall {
  readonly #cache: NearCache
  readonly #reads: SharedReads
  readonly #nodes = new KeyList(NODES_MAX)
  readonly #missing = new KeyList(2 * NODES_MAX)
  readonly #span = new RecordSpan()
  readonly #dropped = new Uint32Array(KEY_WORDS)
  readonly #counts: RecallCounts = { hits: 0, negatives: 0, misses: 0, stale: 0 }

  constructor(store: PeopleStore, cache: NearCache) {
    this.#cache = cache
    this.#reads = new SharedReads(store, cache)
  }

  /**
   * `today`: UTC day number. Rejects where the store is out of reach and the near-cache does not
   * suffice. A promise that nobody waits for any more still fills the near-cache; `candidates` and
   * `view` may be used again only once it is settled.
   */
  recall(candidates: Candidates, today: number, view: PersonView): Soon<RecallWord> {
    const ask: Ask = { candidates, today, view }
    const word = this.#attempt(ask, NOTHING_READ)
    if (word === 'missing') {
      this.#counts.misses++
      return this.#readOn(ask)
    }
    if (word === 'known') this.#counts.hits++
    else if (word === 'stranger') this.#counts.negatives++
    return word
  }

  /** The record under a key changed in the store. */
  forget(key: UserKey): void {
    readKey(key, this.#dropped, 0)
    this.#cache.drop(this.#dropped)
    this.#reads.spoil(key)
  }

  /** Any record may have changed. */
  forgetAll(): void {
    this.#cache.clear()
    this.#reads.spoilAll()
  }

  /**
   * Keeps the names of ids in these namespaces with matches from now on, so that views can hold them. What was read
   * without a name that is wanted now is read anew.
   */
  name(namespaces: ReadonlySet<number>): void {
    if (namespaces !== this.#reads.named && this.#reads.name(namespaces)) this.forgetAll()
  }

  counts() {
    return { ...this.#counts, ...this.#cache.counts(), reads: this.#reads.counts() }
  }

  /** Reads what the last attempt missed, and attempts again, for as long as the store answers at once. */
  #readOn(ask: Ask): Soon<RecallWord> {
    const read: ReadRecords = new Map()
    try {
      for (;;) {
        const reading = this.#reads.read(this.#missing, read)
        if (isLater(reading)) return this.#readLater(ask, read, reading)
        const word = this.#attempt(ask, read)
        if (word !== 'missing') return word
      }
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #readLater(ask: Ask, read: ReadRecords, reading: Soon<void>): Promise<RecallWord> {
    for (;;) {
      await reading
      const word = this.#attempt(ask, read)
      if (word !== 'missing') return word
      reading = this.#reads.read(this.#missing, read)
    }
  }

  /** Fills the view from records at hand; `missing`: which others are needed, it leaves in `#missing`. */
  #attempt({ candidates, today, view }: Ask, read: ReadRecords): RecallWord | 'missing' {
    const now = this.#cache.tick()
    this.#missing.reset()
    view.reset()
    for (let i = 0; i < candidates.count; i++) {
      const at = i * KEY_WORDS
      if (!this.#open(candidates.keys, at, now, read)) this.#missing.add(candidates.keys, at)
      else if (isMark(this.#span)) return optedOut(view)
      // Somebody is known by this id; by an earlier one too, where that is yet to be read.
      else if (view.foundBy < 0 && this.#beginAt(candidates.keys, at, today, view)) view.foundBy = i
    }
    if (view.foundBy >= 0 && this.#missing.count === 0) return this.#follow(today, view, now, read)
    view.reset()
    return this.#missing.count > 0 ? 'missing' : 'stranger'
  }

  /** Takes the open record for that of the person's first id; false where it says nothing live. */
  #beginAt(keys: Uint32Array, at: number, today: number, view: PersonView): boolean {
    view.reset()
    this.#nodes.reset()
    this.#nodes.add(keys, at)
    view.nodes = 1
    readRecord(this.#span, 0, today, view, this.#nodes)
    return view.count > 0 || view.nodes > 1
  }

  /** Walks over live matches, ring by ring: the nodes are their own queue. */
  #follow(today: number, view: PersonView, now: number, read: ReadRecords): RecallWord | 'missing' {
    for (let node = 1; node < view.nodes; node++) {
      const at = node * KEY_WORDS
      if (!this.#open(this.#nodes.words, at, now, read)) this.#missing.add(this.#nodes.words, at)
      else readRecord(this.#span, node, today, view, this.#nodes)
    }
    if (view.isSuppressed) return optedOut(view)
    return this.#missing.count > 0 ? 'missing' : 'known'
  }

  /** Opens a record that is at hand: just read, or kept. */
  #open(keys: Uint32Array, at: number, now: number, read: ReadRecords): boolean {
    const fresh = read.size > 0 ? read.get(nameOf(keyOf(keys, at))) : undefined
    if (fresh !== undefined) return this.#openRead(fresh)
    const row = this.#cache.find(keys, at, now)
    if (row === NO_ROW) return false
    if (!this.#cache.isStale(row, now)) {
      this.#cache.open(row, this.#span)
      return true
    }
    this.#counts.stale++
    const renewed = this.#reads.refresh(keyOf(keys, at), now)
    if (renewed !== undefined) return this.#openRead(renewed)
    this.#cache.open(row, this.#span)
    return true
  }

  #openRead(record: RecordSpan): boolean {
    this.#span.set(record.bytes, record.start, record)
    return true
  }
}

function isMark({ bytes, start, end }: RecordSpan): boolean {
  return isSuppressed(bytes, start, end)
}

const NOTHING_READ: ReadRecords = new Map()

function optedOut(view: PersonView): 'opted_out' {
  view.reset()
  return 'opted_out'
}
