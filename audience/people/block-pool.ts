/**
 * The bytes of records that do not fit into a row, in chained blocks of a fixed size: the pool never fragments and
 * never exceeds its maximum. Blocks are numbered from 1; 0 is "none".
 */
export class BlockPool {
  readonly #max: number
  readonly #chunks: Chunk[] = []
  /** Blocks handed out at least once. */
  #used = 0
  /** First of the chain of blocks given back. */
  #free = 0
  #freeCount = 0

  constructor(blocksMax: number) {
    this.#max = blocksMax
  }

  /** Copies `bytes` from `start` on into a new chain and returns its first block; 0: no room. */
  store(bytes: Uint8Array, start: number): number {
    const count = Math.ceil((bytes.length - start) / BLOCK_BYTES)
    if (count > this.#max - this.#used + this.#freeCount) return 0
    let next = 0
    for (let part = count - 1; part >= 0; part--) {
      const from = start + part * BLOCK_BYTES
      const block = this.#take()
      const chunk = this.#chunkOf(block)
      chunk.bytes.set(bytes.subarray(from, from + BLOCK_BYTES), slotOf(block) * BLOCK_BYTES)
      chunk.next[slotOf(block)] = next
      next = block
    }
    return next
  }

  /** Copies a chain into `into`, from `start` to `end`. */
  load(first: number, into: Uint8Array, span: { start: number; end: number }): void {
    let block = first
    for (let at = span.start; at < span.end; at += BLOCK_BYTES) {
      const chunk = this.#chunkOf(block)
      const from = slotOf(block) * BLOCK_BYTES
      into.set(chunk.bytes.subarray(from, from + Math.min(BLOCK_BYTES, span.end - at)), at)
      block = chunk.next[slotOf(block)]!
    }
  }

  /** Gives a chain back. */
  release(first: number): void {
    for (let block = first; block !== 0; ) {
      const chunk = this.#chunkOf(block)
      const next = chunk.next[slotOf(block)]!
      chunk.next[slotOf(block)] = this.#free
      this.#free = block
      this.#freeCount++
      block = next
    }
  }

  #take(): number {
    const block = this.#free
    if (block === 0) return this.#takeNew()
    this.#free = this.#chunkOf(block).next[slotOf(block)]!
    this.#freeCount--
    return block
  }

  #takeNew(): number {
    if (this.#used % BLOCKS_PER_CHUNK === 0) this.#chunks.push(newChunk())
    return ++this.#used
  }

  #chunkOf(block: number): Chunk {
    return this.#chunks[Math.floor((block - 1) / BLOCKS_PER_CHUNK)]!
  }
}

const BLOCK_BYTES = 128
const BLOCKS_PER_CHUNK = 4096

interface Chunk {
  bytes: Uint8Array
  /** Block that follows each block: in its record, or in the chain of free ones. */
  next: Uint32Array
}

function newChunk(): Chunk {
  return {
    bytes: new Uint8Array(BLOCKS_PER_CHUNK * BLOCK_BYTES),
    next: new Uint32Array(BLOCKS_PER_CHUNK),
  }
}

/** A block's place in its chunk. */
function slotOf(block: number): number {
  return (block - 1) % BLOCKS_PER_CHUNK
}
