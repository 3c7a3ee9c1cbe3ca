import { percentDecoded } from '../../audience/percent-decoded.ts'

/**
 * The parameters of a query: percent-encoding decoded, `+` kept as it is, since ids in Base64 hold it and
 * none holds a space. Of a name given twice the first counts, unless all are asked for. What cannot be decoded
 * stays as written.
 */
export class Query {
  readonly #values = new Map<string, string>()
  /** Of names given more than once, what came after the first. */
  #others: Map<string, string[]> | undefined

  constructor(raw: string) {
    for (const part of raw.split('&')) {
      const equals = part.indexOf('=')
      const name = percentDecoded(equals < 0 ? part : part.slice(0, equals))
      const value = equals < 0 ? '' : percentDecoded(part.slice(equals + 1))
      if (this.#values.has(name)) this.#more(name, value)
      else this.#values.set(name, value)
    }
  }

  #more(name: string, value: string): void {
    this.#others ??= new Map()
    const before = this.#others.get(name)
    if (before === undefined) this.#others.set(name, [value])
    else before.push(value)
  }

  /** The different values of a name that are not empty. */
  all(name: string): string[] {
    const values = [this.get(name), ...(this.#others?.get(name) ?? [])]
    return [...new Set(values)].filter((value) => value !== '')
  }

  /** '' where it is absent. */
  get(name: string): string {
    return this.#values.get(name) ?? ''
  }

  names(): Iterable<string> {
    return this.#values.keys()
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }
}
