/** Beginnings of so many characters are looked up; shorter texts have one of their own length. */
const GRAM = 4

/**
 * Finds which of many texts occur in another without searching for each: at every place of it, those that begin like
 * what stands there are compared.
 */
export class Needles {
  /** By how many characters are looked up, and by these. */
  readonly #byGram = new Map<number, Map<string, Needle[]>>()

  add(id: number, text: string): void {
    const length = Math.min(text.length, GRAM)
    let grams = this.#byGram.get(length)
    if (!grams) this.#byGram.set(length, (grams = new Map()))
    const gram = text.slice(0, length)
    const known = grams.get(gram)
    if (known) known.push({ id, text })
    else grams.set(gram, [{ id, text }])
  }

  get isEmpty(): boolean {
    return this.#byGram.size === 0
  }

  /** Calls `found` with each that occurs, some maybe more than once. */
  match(text: string, found: (id: number) => void): void {
    for (const [length, grams] of this.#byGram)
      for (let at = 0; at + length <= text.length; at++) {
        const candidates = grams.get(text.slice(at, at + length))
        if (candidates)
          for (const { id, text: whole } of candidates) if (text.startsWith(whole, at)) found(id)
      }
  }
}

interface Needle {
  id: number
  text: string
}
