/**
 * The parameters of a query: percent-encoding decoded, `+` kept as it is, since ids in Base64 hold it and
 * none holds a space. Of a name given twice the first counts. What cannot be decoded stays as written.
 */
export class Query {
  readonly #values = new Map<string, string>()

  constructor(raw: string) {
    for (const part of raw.split('&')) {
      const equals = part.indexOf('=')
      const name = decoded(equals < 0 ? part : part.slice(0, equals))
      if (!this.#values.has(name))
        this.#values.set(name, equals < 0 ? '' : decoded(part.slice(equals + 1)))
    }
  }

  /** '' where it is absent. */
  get(name: string): string {
    return this.#values.get(name) ?? ''
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }
}

function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
