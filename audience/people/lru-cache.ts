/** The door of lru-cache: which rows were used least recently, by an integer hash of the id. */
import { LRUCache } from 'lru-cache'

/** No row is kept under the hash. */
export const NO_ROW = -1

/** Rows of one share: just under a power of two, where the Map inside wastes least. */
const SHARE_MAX = 16_000
/** lru-cache writes into the options of each call: one object, made once, serves all. */
const PLAIN = {}

/**
 * Integer hash → row number, forgetting the least recently used. Keys and values are small integers,
 * which the garbage collector passes over.
 *
 * It is one lru-cache per ~16,000 rows, chosen by the hash: the Map inside rebuilds itself now and
 * then, which for a million entries at once would stop the process for 40 ms. What is forgotten is
 * therefore the least recently used of a share, not of all.
 */
export class RowLru {
  readonly #shares: LRUCache<number, number>[] = []
  /** Most rows that can be kept. */
  readonly max: number

  /** `onEvict` is told the row of what was forgotten to make room, and of nothing else. */
  constructor(max: number, onEvict: (row: number) => void) {
    const count = Math.ceil(max / SHARE_MAX)
    const shareMax = Math.ceil(max / count)
    const dispose = (row: number, _hash: number, reason: string) => {
      if (reason === 'evict') onEvict(row)
    }
    for (let i = 0; i < count; i++) this.#shares.push(new LRUCache({ max: shareMax, dispose }))
    this.max = shareMax * count
  }

  /** How many rows are kept now. */
  get size(): number {
    return this.#shares.reduce((sum, share) => sum + share.size, 0)
  }

  /** The row, which becomes the most recently used; NO_ROW where there is none. */
  get(hash: number): number {
    return this.#shareOf(hash).get(hash, PLAIN) ?? NO_ROW
  }

  /** Keeps a row under a hash that has none. */
  add(hash: number, row: number): void {
    this.#shareOf(hash).set(hash, row, PLAIN)
  }

  /** Forgets the least recently used of the hash's share, unless that is the only one; false then. */
  evictBeside(hash: number): boolean {
    const share = this.#shareOf(hash)
    if (share.size < 2) return false
    share.pop()
    return true
  }

  delete(hash: number): void {
    this.#shareOf(hash).delete(hash)
  }

  #shareOf(hash: number): LRUCache<number, number> {
    return this.#shares[hash % this.#shares.length]!
  }
}
