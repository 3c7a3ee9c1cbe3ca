import { LIMITS } from '../limits.ts'
import { isLater, type Soon } from '../soon.ts'
import type { PeopleStore, PersonRecord, UserKey } from '../store/store.ts'
import type { KeyList } from './key-list.ts'
import { type NearCache, TICK_MS } from './near-cache.ts'
import { packRecord } from './pack-record.ts'
import type { RecordSpan } from './record-span.ts'
import { KEY_WORDS, readKey } from './user-key.ts'

/** Records just read, by name of their key (see nameOf). */
export type ReadRecords = Map<string, RecordSpan>

/** Since the process began. */
export interface ReadCounts {
  /** Keys read from the store. */
  keys: number
  /** Keys that were being read already when they were asked for, and were not read again. */
  shared: number
  /** Batches the store did not answer. */
  failures: number
}

/**
 * Reads records from the store into the near-cache: one read per key at a time, however many ask for
 * it. A read that was under way when its key changed still answers those who wait, whose question is
 * as old, but is neither kept nor joined by others: the near-cache never takes back what was dropped.
 */
export class SharedReads {
  readonly #store: PeopleStore
  readonly #cache: NearCache
  /** By name of the key: the batch it is read in, unless it changed since that began. */
  readonly #underWay = new Map<string, Promise<ReadRecords>>()
  readonly #counts: ReadCounts = { keys: 0, shared: 0, failures: 0 }
  readonly #words = new Uint32Array(KEY_WORDS)
  /** Namespaces whose values are kept with matches; undefined: matches have no names. */
  named: ReadonlySet<number> | undefined
  /** No refresh is begun before this tick. */
  #pausedUntil = 0

  constructor(store: PeopleStore, cache: NearCache) {
    this.#store = store
    this.#cache = cache
  }

  /** Adds the records of all `wanted` keys to `into`. Rejects, or throws, where the store does. */
  read(wanted: KeyList, into: ReadRecords): Soon<void> {
    const waited = new Set<Promise<ReadRecords>>()
    const missing: UserKey[] = []
    for (const key of wanted.keys()) {
      const batch = this.#underWay.get(nameOf(key))
      if (batch === undefined) missing.push(key)
      else waited.add(batch)
    }
    this.#counts.shared += wanted.count - missing.length
    if (missing.length > 0) {
      const batch = this.#begin(missing)
      if (isLater(batch)) waited.add(batch)
      else addAll(batch, into)
    }
    return waited.size === 0 ? undefined : collect(waited, into)
  }

  /**
   * Reads one key anew that is served meanwhile: the record, where the store has it at hand, else
   * undefined. Where the store fails, nothing is refreshed for LIMITS.refreshPauseMs.
   */
  refresh(key: UserKey, now: number): RecordSpan | undefined {
    const name = nameOf(key)
    if (now < this.#pausedUntil || this.#underWay.has(name)) return undefined
    const pause = () => {
      this.#pausedUntil = this.#cache.tick() + LIMITS.refreshPauseMs / TICK_MS
    }
    try {
      const batch = this.#begin([key])
      if (!isLater(batch)) return batch.get(name)
      batch.catch(pause)
    } catch {
      pause()
    }
    return undefined
  }

  /** The key changed: what is being read of it may be its old state. */
  spoil(key: UserKey): void {
    if (this.#underWay.size > 0) this.#underWay.delete(nameOf(key))
  }

  /** The same for all keys. */
  spoilAll(): void {
    this.#underWay.clear()
  }

  /** What is read from now on has these names; whether what was read before lacks some. */
  name(namespaces: ReadonlySet<number>): boolean {
    const before = this.named
    this.named = namespaces
    return before === undefined || [...namespaces].some((one) => !before.has(one))
  }

  counts(): ReadCounts {
    return { ...this.#counts }
  }

  #begin(keys: UserKey[]): Soon<ReadRecords> {
    if (this.#underWay.size + keys.length > LIMITS.readsMax)
      throw new Error('too many keys are being read from the store at once')
    this.#counts.keys += keys.length
    // A record is as old as the question for it.
    const now = this.#cache.tick()
    const answer = this.#store.recall(keys)
    if (isLater(answer)) return this.#wait(keys, answer, now)
    const read = this.#pack(keys, answer)
    for (const key of keys) this.#keep(key, read, now)
    return read
  }

  #wait(
    keys: UserKey[],
    answer: Promise<(PersonRecord | undefined)[]>,
    now: number,
  ): Promise<ReadRecords> {
    const batch = answer.then(
      (records) => {
        const read = this.#pack(keys, records)
        for (const key of this.#end(keys, batch)) this.#keep(key, read, now)
        return read
      },
      (error) => {
        this.#counts.failures++
        this.#end(keys, batch)
        throw error
      },
    )
    for (const key of keys) this.#underWay.set(nameOf(key), batch)
    return batch
  }

  /** Ends a batch; those of its keys that did not change since it began. */
  #end(keys: UserKey[], batch: Promise<ReadRecords>): UserKey[] {
    const unchanged = keys.filter((key) => this.#underWay.get(nameOf(key)) === batch)
    for (const key of unchanged) this.#underWay.delete(nameOf(key))
    return unchanged
  }

  #pack(keys: UserKey[], records: (PersonRecord | undefined)[]): ReadRecords {
    const read: ReadRecords = new Map()
    for (const [i, key] of keys.entries()) read.set(nameOf(key), packRecord(records[i], this.named))
    return read
  }

  #keep(key: UserKey, read: ReadRecords, now: number): void {
    readKey(key, this.#words, 0)
    this.#cache.keep(this.#words, read.get(nameOf(key))!, now)
  }
}

/** Names a key in maps, off the hot path. */
export function nameOf(key: UserKey): string {
  return key.toString('latin1')
}

async function collect(batches: Set<Promise<ReadRecords>>, into: ReadRecords): Promise<void> {
  for (const batch of await Promise.all(batches)) addAll(batch, into)
}

function addAll(read: ReadRecords, into: ReadRecords): void {
  for (const [name, record] of read) into.set(name, record)
}
