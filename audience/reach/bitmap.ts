/**
 * A set of numbers below 2^32, in chunks of 65,536: few of a chunk are a sorted list of 16-bit numbers, many
 * are bits. So a small set of ten million costs bytes, and a large one 1.25 MB (Roaring's idea: Chambi,
 * Lemire et al., "Better bitmap performance with Roaring bitmaps", 2016).
 */
export class Bitmap {
  readonly #chunks: (Chunk | undefined)[] = []

  add(number: number): void {
    const at = number >>> CHUNK_BITS
    let chunk = this.#chunks[at]
    if (chunk === undefined) {
      while (this.#chunks.length < at) this.#chunks.push(undefined)
      this.#chunks[at] = chunk = new Chunk()
    }
    chunk.add(number & CHUNK_MASK)
  }

  remove(number: number): void {
    const at = number >>> CHUNK_BITS
    const chunk = this.#chunks[at]
    chunk?.remove(number & CHUNK_MASK)
    if (chunk?.count === 0) this.#chunks[at] = undefined
  }

  has(number: number): boolean {
    return this.#chunks[number >>> CHUNK_BITS]?.has(number & CHUNK_MASK) ?? false
  }

  get count(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.count ?? 0), 0)
  }

  /** Chunks by their place; those that hold nothing are absent. */
  get chunks(): readonly (Chunk | undefined)[] {
    return this.#chunks
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (const [at, chunk] of this.#chunks.entries())
      if (chunk) for (const low of chunk.numbers()) yield at * CHUNK_SIZE + low
  }

  /** Bytes of its lists and bits. */
  get bytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.bytes ?? 0), 0)
  }
}

export const CHUNK_BITS = 16
export const CHUNK_SIZE = 1 << CHUNK_BITS
export const CHUNK_WORDS = CHUNK_SIZE / 32
export const CHUNK_MASK = CHUNK_SIZE - 1
/** From here on bits take less than a list. */
const LIST_MAX = 4_096
/** Back to a list well below, so that a set at the border does not change form with every number. */
const LIST_AGAIN = 2_048
const LIST_LEAST = 8

/** Numbers below 65,536: either a list in order, or bits. */
export class Chunk {
  count = 0
  /** The first `count` are the numbers, ascending; undefined where `words` are kept. */
  list: Uint16Array | undefined = new Uint16Array(LIST_LEAST)
  words: Int32Array | undefined

  has(low: number): boolean {
    if (this.words) return ((this.words[low >>> 5]! >>> (low & 31)) & 1) === 1
    const at = this.#placeOf(low)
    return at < this.count && this.list![at] === low
  }

  add(low: number): void {
    if (this.words) {
      const before = this.words[low >>> 5]!
      const after = before | (1 << (low & 31))
      if (before === after) return
      this.words[low >>> 5] = after
      this.count++
      return
    }
    const at = this.#placeOf(low)
    if (at < this.count && this.list![at] === low) return
    if (this.count === LIST_MAX) {
      this.#toWords()
      this.add(low)
      return
    }
    const list = this.#roomy()
    list.copyWithin(at + 1, at, this.count)
    list[at] = low
    this.count++
  }

  remove(low: number): void {
    if (!this.has(low)) return
    this.count--
    if (this.words) {
      this.words[low >>> 5]! &= ~(1 << (low & 31))
      if (this.count === LIST_AGAIN) this.#toList()
      return
    }
    const at = this.#placeOf(low)
    this.list!.copyWithin(at, at + 1, this.count + 1)
  }

  /** Its bits: its own, not to be written to, or made in `scratch` (CHUNK_WORDS words). */
  bits(scratch: Int32Array): Int32Array {
    if (this.words) return this.words
    scratch.fill(0)
    for (let i = 0; i < this.count; i++)
      scratch[this.list![i]! >>> 5]! |= 1 << (this.list![i]! & 31)
    return scratch
  }

  *numbers(): Iterable<number> {
    if (this.list) yield* this.list.slice(0, this.count)
    else
      for (let word = 0; word < CHUNK_WORDS; word++)
        for (let left = this.words![word]!; left !== 0; left &= left - 1)
          yield word * 32 + lowestBit(left)
  }

  get bytes(): number {
    return (this.words ?? this.list!).byteLength
  }

  /** Of the number, or of the first beyond it. New people have the highest numbers: the end is looked at first. */
  #placeOf(low: number): number {
    const list = this.list!
    if (this.count === 0 || list[this.count - 1]! < low) return this.count
    let from = 0
    let to = this.count - 1
    while (from < to) {
      const middle = (from + to) >>> 1
      if (list[middle]! < low) from = middle + 1
      else to = middle
    }
    return from
  }

  #roomy(): Uint16Array {
    const list = this.list!
    if (this.count < list.length) return list
    const larger = new Uint16Array(Math.min(list.length * 2, LIST_MAX))
    larger.set(list)
    this.list = larger
    return larger
  }

  #toWords(): void {
    this.words = this.bits(new Int32Array(CHUNK_WORDS))
    this.list = undefined
  }

  #toList(): void {
    const list = new Uint16Array(LIST_AGAIN * 2)
    let at = 0
    for (const low of this.numbers()) list[at++] = low
    this.list = list
    this.words = undefined
  }
}

/** Place of the lowest bit of a number that is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word)
}
