export interface RememberedOptions {
  /** Answers kept; with more it is begun anew. */
  max: number
  /** Longer texts are worked out each time. */
  charsMax: number
}

/** What was worked out of a text before: for texts that come over and over, of which there are few. */
export class Remembered<T> {
  readonly #work: (text: string) => T
  readonly #options: RememberedOptions
  readonly #known = new Map<string, { answer: T }>()

  constructor(options: RememberedOptions, work: (text: string) => T) {
    this.#options = options
    this.#work = work
  }

  of(text: string): T {
    const known = this.#known.get(text)
    if (known) return known.answer
    const answer = this.#work(text)
    if (text.length > this.#options.charsMax) return answer
    if (this.#known.size >= this.#options.max) this.#known.clear()
    this.#known.set(text, { answer })
    return answer
  }
}
