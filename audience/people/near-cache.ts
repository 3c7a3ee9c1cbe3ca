import type { Clock } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import { NO_ROW, RowLru } from './lru-cache.ts'
import { PersonSlab } from './person-slab.ts'
import type { RecordSpan } from './record-span.ts'

export interface NearCacheOptions {
  clock: Clock
  /** Most people kept; rounded up a little. */
  max: number
  /** Which bits of the hash count: tests make it small to force collisions. */
  hashMask?: number
}

/** Since the process began, but for `people`. */
export interface NearCacheCounts {
  /** Ids kept now, known or not. */
  people: number
  /** People forgotten to make room. */
  evictions: number
  /** People not kept because their record is too big, or the pool for big ones is full. */
  unkept: number
}

/**
 * Records of ids seen lately, kept in this process: as they are in the store, one id each, never
 * merged, so that the change log can drop exactly what changed. A row is found by 30 bits of the key
 * and counts only where all 128 agree; where they do not, the newer id takes the row's place.
 */
export class NearCache {
  readonly #clock: Clock
  readonly #hashMask: number
  readonly #lru: RowLru
  readonly #slab: PersonSlab
  readonly #stamp = { loadedAt: 0, generation: 0 }
  #evictions = 0
  #unkept = 0

  constructor(options: NearCacheOptions) {
    this.#clock = options.clock
    this.#hashMask = options.hashMask ?? HASH_MASK
    this.#lru = new RowLru(options.max, (row) => {
      this.#evictions++
      this.#slab.release(row)
    })
    const { max } = this.#lru
    // One row more than can be kept: a new one is taken before the oldest is given back.
    this.#slab = new PersonSlab(max + 1, Math.ceil(max * LIMITS.nearCacheBlocksPerRow))
  }

  /** The time rows are stamped with, in tenths of a second. Asked once per recall. */
  tick(): number {
    return Math.floor(this.#clock.elapsed() / TICK_MS)
  }

  /** The row of the key at `keys[at … at+3]`, or NO_ROW: not kept, or too old to be served. */
  find(keys: Uint32Array, at: number, now: number): number {
    const row = this.#lru.get(keys[at]! & this.#hashMask)
    return row === NO_ROW || !this.#isServed(row, keys, at, now) ? NO_ROW : row
  }

  /** Served for now, but due to be read anew. */
  isStale(row: number, now: number): boolean {
    return now - this.#slab.loadedAt(row) >= FRESH_TICKS
  }

  /** Shows where the record of a row lies: empty for a stranger. Valid until the next `open`. */
  open(row: number, span: RecordSpan): void {
    this.#slab.open(row, span)
  }

  /** Keeps what was read at `now`; an empty record says that nobody has this id. */
  keep(key: Uint32Array, record: RecordSpan, now: number): void {
    const hash = key[0]! & this.#hashMask
    this.#stamp.loadedAt = now
    if (!this.#write(hash, key, record)) this.#refuse(hash)
  }

  /** Forgets one id. */
  drop(key: Uint32Array): void {
    const hash = key[0]! & this.#hashMask
    const row = this.#lru.get(hash)
    if (row !== NO_ROW && this.#slab.holds(row, key, 0)) this.#forget(hash, row)
  }

  /** Forgets all at once, at no cost: rows of an older generation are no longer served. */
  clear(): void {
    this.#stamp.generation++
  }

  counts(): NearCacheCounts {
    return { people: this.#lru.size, evictions: this.#evictions, unkept: this.#unkept }
  }

  #isServed(row: number, keys: Uint32Array, at: number, now: number): boolean {
    const slab = this.#slab
    if (!slab.holds(row, keys, at) || slab.generation(row) !== this.#stamp.generation) return false
    return now - slab.loadedAt(row) < (slab.isEmpty(row) ? STRANGER_TICKS : STALE_TICKS)
  }

  /** Writes a record, at the cost of those not used for long where the pool for big ones is full. */
  #write(hash: number, key: Uint32Array, record: RecordSpan): boolean {
    if (record.end - record.start > LIMITS.nearCacheRecordBytesMax) return false
    const row = this.#rowFor(hash)
    for (let tries = 0; tries < EVICTIONS_MAX; tries++) {
      if (this.#slab.write(row, key, record, this.#stamp)) return true
      if (!this.#lru.evictBeside(hash)) return false
    }
    return false
  }

  #rowFor(hash: number): number {
    const kept = this.#lru.get(hash)
    if (kept !== NO_ROW) return kept
    const row = this.#slab.take()
    this.#lru.add(hash, row)
    return row
  }

  #refuse(hash: number): void {
    this.#unkept++
    const row = this.#lru.get(hash)
    if (row !== NO_ROW) this.#forget(hash, row)
  }

  #forget(hash: number, row: number): void {
    this.#lru.delete(hash)
    this.#slab.release(row)
  }
}

/** Of people who make room for one big record; beyond it, it is not kept. */
const EVICTIONS_MAX = 64
const HASH_MASK = 0x3fff_ffff
export const TICK_MS = 100
const FRESH_TICKS = LIMITS.freshMsMax / TICK_MS
const STALE_TICKS = LIMITS.staleMsMax / TICK_MS
const STRANGER_TICKS = LIMITS.strangerMsMax / TICK_MS
