import { BlockPool } from './block-pool.ts'
import type { RecordSpan } from './record-span.ts'

/** What is remembered with a record: when it was read, and of which generation it is. */
export interface RowStamp {
  /** Time of the read, in the cache's ticks. */
  loadedAt: number
  generation: number
}

/**
 * Packed records in typed arrays that are allocated once: row = full 16-byte key, stamp, lengths and
 * the first ROW_BYTES of the record; the rest of a bigger one lies in a bounded pool of blocks.
 *
 *     head  (8 words)   key key key key │ loadedAt │ generation │ memberships:16 matches:16 │ block
 *     body  (112 bytes) memberships, matches
 *
 * A row costs 144 bytes and holds no object, so the garbage collector has nothing to do with it.
 */
export class PersonSlab {
  readonly #heads: Uint32Array[] = []
  readonly #bodies: Uint8Array[] = []
  readonly #blocks: BlockPool
  readonly #rowsMax: number
  #used = 0
  /** Rows given back: chained through the first word of their heads; -1 at the end. */
  #free = -1

  constructor(rowsMax: number, blocksMax: number) {
    this.#rowsMax = rowsMax
    this.#blocks = new BlockPool(blocksMax)
  }

  /** A row to write into. The caller never holds more than `rowsMax`. */
  take(): number {
    const row = this.#free
    if (row === -1) return this.#takeNew()
    this.#free = this.#head(row)[headOf(row)]! - 1
    return row
  }

  /** Gives a row back. */
  release(row: number): void {
    this.#dropBlocks(row)
    this.#head(row)[headOf(row)] = this.#free + 1
    this.#free = row
  }

  /** Writes key, stamp and record into a row; false, and an empty record, where the pool is full. */
  write(row: number, key: Uint32Array, record: RecordSpan, stamp: RowStamp): boolean {
    this.#dropBlocks(row)
    const head = this.#head(row)
    const h = headOf(row)
    for (let i = 0; i < KEY_WORDS; i++) head[h + i] = key[i]!
    head[h + LOADED_AT] = stamp.loadedAt
    head[h + GENERATION] = stamp.generation
    return this.#writeBody(row, record)
  }

  holds(row: number, keys: Uint32Array, at: number): boolean {
    const head = this.#head(row)
    const h = headOf(row)
    return (
      head[h] === keys[at] &&
      head[h + 1] === keys[at + 1] &&
      head[h + 2] === keys[at + 2] &&
      head[h + 3] === keys[at + 3]
    )
  }

  loadedAt(row: number): number {
    return this.#head(row)[headOf(row) + LOADED_AT]!
  }

  generation(row: number): number {
    return this.#head(row)[headOf(row) + GENERATION]!
  }

  /** Nothing is kept under the row's key. */
  isEmpty(row: number): boolean {
    return this.#head(row)[headOf(row) + LENGTHS] === 0
  }

  /** Shows where the row's record lies; valid until the next `open`. */
  open(row: number, span: RecordSpan): void {
    const head = this.#head(row)
    const h = headOf(row)
    const lengths = head[h + LENGTHS]!
    const edgesStart = lengths >>> 16
    const end = edgesStart + (lengths & 0xffff)
    const block = head[h + BLOCK]!
    const body = this.#bodies[row >>> CHUNK_BITS]!
    const start = (row & CHUNK_MASK) * ROW_BYTES
    if (block === 0) {
      span.bytes = body
      span.start = start
      span.edgesStart = start + edgesStart
      span.end = start + end
      return
    }
    scratch.set(body.subarray(start, start + ROW_BYTES))
    this.#blocks.load(block, scratch, { start: ROW_BYTES, end })
    span.set(scratch, 0, { edgesStart, end })
  }

  #writeBody(row: number, record: RecordSpan): boolean {
    const length = record.end - record.start
    const bytes = record.bytes.subarray(record.start, record.end)
    const block = length > ROW_BYTES ? this.#blocks.store(bytes, ROW_BYTES) : 0
    const fits = length <= ROW_BYTES || block !== 0
    const head = this.#head(row)
    const h = headOf(row)
    head[h + LENGTHS] = fits
      ? ((record.edgesStart - record.start) << 16) | (record.end - record.edgesStart)
      : 0
    head[h + BLOCK] = block
    if (!fits) return false
    const inline = length <= ROW_BYTES ? bytes : bytes.subarray(0, ROW_BYTES)
    this.#bodies[row >>> CHUNK_BITS]!.set(inline, (row & CHUNK_MASK) * ROW_BYTES)
    return true
  }

  #dropBlocks(row: number): void {
    const head = this.#head(row)
    const h = headOf(row)
    if (head[h + BLOCK] !== 0) this.#blocks.release(head[h + BLOCK]!)
    head[h + BLOCK] = 0
  }

  #takeNew(): number {
    if (this.#used === this.#rowsMax) throw new Error('more rows taken than the slab was made for')
    if ((this.#used & CHUNK_MASK) === 0) {
      this.#heads.push(new Uint32Array(CHUNK_ROWS * HEAD_WORDS))
      this.#bodies.push(new Uint8Array(CHUNK_ROWS * ROW_BYTES))
    }
    return this.#used++
  }

  #head(row: number): Uint32Array {
    return this.#heads[row >>> CHUNK_BITS]!
  }
}

/** A record longer than this has its end in the pool: 30 memberships with a date each fit in. */
const ROW_BYTES = 112
const KEY_WORDS = 4
const LOADED_AT = 4
const GENERATION = 5
const LENGTHS = 6
const BLOCK = 7
const HEAD_WORDS = 8
/** Rows are allocated so many at a time: about a megabyte. */
const CHUNK_BITS = 13
const CHUNK_ROWS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_ROWS - 1

/** Each part of a record has a length of 16 bits. */
const scratch = new Uint8Array(2 * 0xffff)

function headOf(row: number): number {
  return (row & CHUNK_MASK) * HEAD_WORDS
}
