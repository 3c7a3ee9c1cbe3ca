import { KnownBody } from './known-body.ts'
import { EDGE_LIMITS } from './limits.ts'
import { type CookieSyncBody, readCookieSync } from './read-cookie-sync.ts'

const [BRACKET, BRACKET_CLOSED] = [0x5b, 0x5d]
const NAME_CHARS = 32

/**
 * Bodies of /cookie_sync, read. A page sends the same for each of its visitors but for an id of the request and what
 * they say of their privacy: so those of some hundred pages are kept, and the next one's is compared instead of parsed.
 * What comes of it is the same to the last field, and `page` the very same object.
 */
export class PageBodies {
  readonly #known = new Map<string, KnownBody[]>()

  /** Throws as readCookieSync does. */
  read(given: Uint8Array): CookieSyncBody {
    const bytes = Buffer.from(given.buffer, given.byteOffset, given.length)
    const name = nameOf(bytes)
    const known = this.#known.get(name)
    if (known !== undefined)
      for (const one of known) {
        const body = one.read(bytes)
        if (body !== undefined) return body
      }
    const body = readCookieSync(bytes)
    const one = KnownBody.of(bytes, body)
    if (one !== undefined) this.#keep(name, one)
    return body
  }

  /** The newest first, since visitors of one page say the same things in different ways. */
  #keep(name: string, one: KnownBody): void {
    const others = this.#known.get(name)
    if (others === undefined && this.#known.size === EDGE_LIMITS.pagesKept)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    this.#known.set(name, [one, ...(others ?? [])].slice(0, EDGE_LIMITS.bodiesPerPage))
  }
}

/** Tells most pages apart: how their first list begins, ends and how long it is. */
function nameOf(bytes: Buffer): string {
  const from = bytes.indexOf(BRACKET)
  const to = from < 0 ? -1 : bytes.indexOf(BRACKET_CLOSED, from)
  if (to < 0) return ''
  const first = bytes.toString('latin1', from, Math.min(from + NAME_CHARS, to))
  return `${to - from}${first}${bytes.toString('latin1', Math.max(to - NAME_CHARS, from), to)}`
}
