/** Beginnings of so many characters are looked up; shorter texts have one of their own length. */
const GRAM = 4
/** Bits of the mark by which it is seen that nothing begins like this. */
const MARK_BITS = 12

/**
 * Finds which of many texts occur in another without searching for each: at every place of it, those that begin like
 * what stands there are compared.
 */
export class Needles {
  /** By how many characters are looked up. */
  readonly #byLength = new Map<number, Grams>()

  add(id: number, text: string): void {
    const length = Math.min(text.length, GRAM)
    let grams = this.#byLength.get(length)
    if (!grams) this.#byLength.set(length, (grams = new Grams(length)))
    grams.add({ id, text })
  }

  get isEmpty(): boolean {
    return this.#byLength.size === 0
  }

  /** Calls `found` with each that occurs, some maybe more than once. */
  match(text: string, found: (id: number) => void): void {
    for (const grams of this.#byLength.values()) grams.match(text, found)
  }
}

interface Needle {
  id: number
  text: string
}

/** Needles by their first characters, of one number. */
class Grams {
  readonly #length: number
  readonly #needles = new Map<string, Needle[]>()
  /** 1 for the marks of all grams: most places of a text are done with by a look at it. */
  readonly #marked = new Uint8Array(1 << MARK_BITS)
  /** The mark of `length` characters: each moves those before it so far that the one before them all drops out. */
  readonly #shift: number

  constructor(length: number) {
    this.#length = length
    this.#shift = Math.ceil(MARK_BITS / Math.max(1, length))
  }

  add(needle: Needle): void {
    const gram = needle.text.slice(0, this.#length)
    const known = this.#needles.get(gram)
    if (known) known.push(needle)
    else this.#needles.set(gram, [needle])
    let mark = 0
    for (let i = 0; i < gram.length; i++) mark = this.#marking(mark, gram.charCodeAt(i))
    this.#marked[mark] = 1
  }

  match(text: string, found: (id: number) => void): void {
    const length = this.#length
    let mark = 0
    for (let end = 1; end < length; end++) mark = this.#marking(mark, text.charCodeAt(end - 1))
    for (let at = 0; at + length <= text.length; at++) {
      if (length > 0) mark = this.#marking(mark, text.charCodeAt(at + length - 1))
      if (this.#marked[mark] === 0) continue
      for (const needle of this.#needles.get(text.slice(at, at + length)) ?? NONE)
        if (text.startsWith(needle.text, at)) found(needle.id)
    }
  }

  #marking(mark: number, code: number): number {
    return ((mark << this.#shift) ^ code) & ((1 << MARK_BITS) - 1)
  }
}

const NONE: readonly Needle[] = []
