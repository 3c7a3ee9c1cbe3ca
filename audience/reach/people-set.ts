import { lowestBit } from './bitmap.ts'

/** A set of people as plain bits, by the number of the person: what counting is done with. */
export class PeopleSet {
  readonly words: Int32Array

  /** Room for people numbered below `size`. */
  constructor(size: number, words = new Int32Array(Math.ceil(size / 32))) {
    this.words = words
  }

  add(person: number): void {
    this.words[person >>> 5]! |= 1 << (person & 31)
  }

  /** Takes in whole words of people, the first of them at `words[from]`. */
  addWords(from: number, added: Int32Array): void {
    const { words } = this
    for (let i = 0; i < added.length; i++) words[from + i]! |= added[i]!
  }

  /** Takes in all of the other. */
  unite({ words: theirs }: PeopleSet): this {
    const { words } = this
    for (let i = 0; i < words.length; i++) words[i]! |= theirs[i]!
    return this
  }

  /** Keeps those who are in the other too. */
  keep({ words: theirs }: PeopleSet): this {
    const { words } = this
    for (let i = 0; i < words.length; i++) words[i]! &= theirs[i]!
    return this
  }

  /** Drops those who are in the other. */
  drop({ words: theirs }: PeopleSet): this {
    const { words } = this
    for (let i = 0; i < words.length; i++) words[i]! &= ~theirs[i]!
    return this
  }

  copy(): PeopleSet {
    return new PeopleSet(0, this.words.slice())
  }

  has(person: number): boolean {
    return ((this.words[person >>> 5]! >>> (person & 31)) & 1) === 1
  }

  /** All of them in order, some tens of thousands of numbers at once. */
  *parts(): Iterable<Iterable<number>> {
    for (let from = 0; from < this.words.length; from += PART_WORDS)
      yield this.#numbers(from, Math.min(from + PART_WORDS, this.words.length))
  }

  *#numbers(from: number, to: number): Iterable<number> {
    for (let word = from; word < to; word++)
      for (let left = this.words[word]!; left !== 0; left &= left - 1)
        yield word * 32 + lowestBit(left)
  }

  count(): number {
    return this.countWith(this)
  }

  /** How many are in both. */
  countWith({ words: theirs }: PeopleSet): number {
    const { words } = this
    let count = 0
    for (let i = 0; i < words.length; i++) count += bitsIn(words[i]! & theirs[i]!)
    return count
  }
}

const PART_WORDS = 2_048

/** Adds bits in ever wider fields (Warren, "Hacker's Delight", §5-1). */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
