import { CHUNK_BITS, CHUNK_MASK, CHUNK_SIZE, CHUNK_WORDS, lowestBit } from './bitmap.ts'

/**
 * A set of people as plain bits, by the number of the person: what counting is done with. In chunks as a bitmap's: one of which
 * nobody is in is absent, and one that is the same elsewhere, be it words or a list, is borrowed from there until it is
 * written to, so that a set costs little that is read within a turn.
 */
export class PeopleSet {
  readonly #chunks: (Int32Array | Lows | undefined)[]
  /** 1 where the chunk is this set's alone, and may be written to. */
  readonly #isOwn: Uint8Array

  /** Room for people numbered below `size`. */
  constructor(size: number) {
    const count = Math.ceil(size / CHUNK_SIZE)
    this.#chunks = Array.from({ length: count })
    this.#isOwn = new Uint8Array(count)
  }

  add(person: number): void {
    this.addIf(person, 1)
  }

  /** Takes in a person by 1 and nobody by 0, without a branch: for those of whom half are asked for, in no order. */
  addIf(person: number, isIn: number): void {
    this.#owned(person >>> CHUNK_BITS)[(person & CHUNK_MASK) >>> 5]! |= isIn << (person & 31)
  }

  /** Takes in a chunk of people. */
  addWords(at: number, added: Int32Array): void {
    const words = this.#owned(at)
    for (let i = 0; i < CHUNK_WORDS; i++) words[i]! |= added[i]!
  }

  /** The same of one that stays as it is as long as this set is used: it is not copied where it is all there is. */
  borrow(at: number, chunk: Int32Array | Lows): void {
    if (this.#chunks[at] === undefined) {
      this.#chunks[at] = chunk
      this.#isOwn[at] = 0
    } else if (chunk instanceof Int32Array) this.addWords(at, chunk)
    else addLows(this.#owned(at), chunk)
  }

  /** Takes in all of the other. */
  unite(other: PeopleSet): this {
    for (let at = 0; at < this.#chunks.length; at++)
      if (other.#chunks[at]) this.borrow(at, other.#lent(at)!)
    return this
  }

  /** Keeps those who are in the other too. */
  keep(other: PeopleSet): this {
    for (let at = 0; at < this.#chunks.length; at++) {
      const theirs = other.#words(at)
      if (theirs === undefined) this.#chunks[at] = undefined
      if (theirs === undefined || this.#chunks[at] === undefined) continue
      const words = this.#owned(at)
      for (let i = 0; i < CHUNK_WORDS; i++) words[i]! &= theirs[i]!
    }
    return this
  }

  /** Drops those who are in the other. */
  drop(other: PeopleSet): this {
    for (let at = 0; at < this.#chunks.length; at++) {
      const theirs = other.#words(at)
      if (theirs === undefined || this.#chunks[at] === undefined) continue
      const words = this.#owned(at)
      for (let i = 0; i < CHUNK_WORDS; i++) words[i]! &= ~theirs[i]!
    }
    return this
  }

  copy(): PeopleSet {
    return new PeopleSet(this.#chunks.length * CHUNK_SIZE).unite(this)
  }

  has(person: number): boolean {
    const words = this.#words(person >>> CHUNK_BITS)
    if (words === undefined) return false
    return ((words[(person & CHUNK_MASK) >>> 5]! >>> (person & 31)) & 1) === 1
  }

  /** All of them in order, some tens of thousands of numbers at once. */
  *parts(): Iterable<Iterable<number>> {
    for (let at = 0; at < this.#chunks.length; at++) {
      const words = this.#words(at)
      if (words) yield numbersIn(at, words)
    }
  }

  count(): number {
    return this.countWith(this)
  }

  /** How many are in both. */
  countWith(other: PeopleSet): number {
    let count = 0
    for (const [at, own] of this.#chunks.entries()) {
      const theirs = other.#chunks[at]
      if (own && theirs) count += inBoth(own, theirs)
    }
    return count
  }

  /** A chunk to be read bit by bit. */
  #words(at: number): Int32Array | undefined {
    const chunk = this.#chunks[at]
    return chunk === undefined || chunk instanceof Int32Array ? chunk : this.#owned(at)
  }

  /** A chunk to be written to. */
  #owned(at: number): Int32Array {
    const chunk = this.#chunks[at]
    const isWords = chunk instanceof Int32Array
    if (isWords && this.#isOwn[at] === 1) return chunk
    const own = isWords ? chunk.slice() : new Int32Array(CHUNK_WORDS)
    if (chunk && !isWords) addLows(own, chunk)
    this.#chunks[at] = own
    this.#isOwn[at] = 1
    return own
  }

  /** A chunk that is another set's as well from now on. */
  #lent(at: number): Int32Array | Lows | undefined {
    this.#isOwn[at] = 0
    return this.#chunks[at]
  }
}

/** Numbers within a chunk: the first `count` of a list, ascending. */
interface Lows {
  readonly list: Uint16Array
  readonly count: number
}

function addLows(words: Int32Array, { list, count }: Lows): void {
  for (let i = 0; i < count; i++) words[list[i]! >>> 5]! |= 1 << (list[i]! & 31)
}

function inBoth(a: Int32Array | Lows, b: Int32Array | Lows): number {
  if (a instanceof Int32Array) return b instanceof Int32Array ? bitsInBoth(a, b) : lowsIn(b, a)
  return b instanceof Int32Array ? lowsIn(a, b) : lowsInBoth(a, b)
}

function lowsIn({ list, count }: Lows, words: Int32Array): number {
  let found = 0
  for (let i = 0; i < count; i++) found += (words[list[i]! >>> 5]! >>> (list[i]! & 31)) & 1
  return found
}

/** Steps on in whichever list is behind, without a branch. */
function lowsInBoth(a: Lows, b: Lows): number {
  let found = 0
  for (let i = 0, k = 0; i < a.count && k < b.count; ) {
    const [one, other] = [a.list[i]!, b.list[k]!]
    found += Number(one === other)
    i += Number(one <= other)
    k += Number(other <= one)
  }
  return found
}

function* numbersIn(at: number, words: Int32Array): Iterable<number> {
  for (let word = 0; word < CHUNK_WORDS; word++)
    for (let left = words[word]!; left !== 0; left &= left - 1)
      yield at * CHUNK_SIZE + word * 32 + lowestBit(left)
}

/**
 * Four words at a time are added bit by bit to a carry of ones and one of twos (carry-save adders; Warren, "Hacker's
 * Delight", §5-1), so that bits are counted of every fourth word alone.
 */
function bitsInBoth(a: Int32Array, b: Int32Array): number {
  let ones = 0
  let twos = 0
  let fours = 0
  for (let i = 0; i < CHUNK_WORDS; i += 4) {
    const first = a[i]! & b[i]!
    const second = a[i + 1]! & b[i + 1]!
    const third = a[i + 2]! & b[i + 2]!
    const fourth = a[i + 3]! & b[i + 3]!
    let odd = ones ^ first
    const carried = (ones & first) | (odd & second)
    const evens = odd ^ second
    odd = evens ^ third
    const carriedToo = (evens & third) | (odd & fourth)
    ones = odd ^ fourth
    odd = twos ^ carried
    fours += bitsIn((twos & carried) | (odd & carriedToo))
    twos = odd ^ carriedToo
  }
  return 4 * fours + 2 * bitsIn(twos) + bitsIn(ones)
}

/** Adds bits in ever wider fields (ibid.). */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
