/** RFC 9113 §8.2.1, and tokens of RFC 9110 §5.6.2 in lower case. */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
/** Blanks around a value are let pass, though §8.2.1 forbids them: `Bearer ` of who has no key is to be answered as that. */
const NOT_IN_VALUE = /[\0\r\n]/
/** RFC 9113 §8.2.2 */
const OF_CONNECTIONS = new Set([
  ...['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'],
])
const PSEUDO = [':method', ':scheme', ':authority', ':path'] as const
const LENGTH = /^\d{1,15}$/

/** The head of a request (RFC 9113 §8.3.1). Never changes: calls with the same bytes share one. */
export class RequestHead {
  readonly method: string
  /** '' for CONNECT. */
  readonly path: string
  /** NaN where it is not said. */
  readonly contentLength: number
  /** Names and values by turns, without those that begin with a colon. */
  readonly #fields: readonly string[]

  private constructor(pseudo: ReadonlyMap<string, string>, fields: readonly string[]) {
    this.method = pseudo.get(':method')!
    this.path = pseudo.get(':path') ?? ''
    this.#fields = fields
    this.contentLength = Number(this.get('content-length') ?? Number.NaN)
  }

  /** Undefined where it is malformed (RFC 9113 §8.1.1): fields that a request cannot have, or lacks. */
  static of(fields: readonly string[]): RequestHead | undefined {
    const pseudo = new Map<string, string>()
    let at = 0
    for (; fields[at]?.startsWith(':'); at += 2) {
      const [name, value] = [fields[at]!, fields[at + 1]!]
      const isKnown = PSEUDO.includes(name as (typeof PSEUDO)[number])
      if (!isKnown || pseudo.has(name) || NOT_IN_VALUE.test(value)) return undefined
      pseudo.set(name, value)
    }
    const rest = fields.slice(at)
    return hasTarget(pseudo) && areFields(rest) ? new RequestHead(pseudo, rest) : undefined
  }

  /** The first value of that name (lower case). */
  get(name: string): string | undefined {
    for (let i = 0; i < this.#fields.length; i += 2)
      if (this.#fields[i] === name) return this.#fields[i + 1]
    return undefined
  }
}

function hasTarget(pseudo: ReadonlyMap<string, string>): boolean {
  const method = pseudo.get(':method')
  if (method === 'CONNECT')
    return pseudo.has(':authority') && !pseudo.has(':scheme') && !pseudo.has(':path')
  return method !== undefined && pseudo.has(':scheme') && (pseudo.get(':path') ?? '') !== ''
}

/** Whether these may follow (RFC 9113 §8.2); trailers are such fields alone. */
export function areFields(fields: readonly string[]): boolean {
  let length: string | undefined
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i]!, fields[i + 1]!]
    if (!NAME.test(name) || NOT_IN_VALUE.test(value) || OF_CONNECTIONS.has(name)) return false
    if (name === 'te' && value !== 'trailers') return false
    if (name !== 'content-length') continue
    if (!LENGTH.test(value) || value !== (length ?? value)) return false
    length = value
  }
  return true
}
