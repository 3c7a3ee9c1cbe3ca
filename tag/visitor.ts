import { LIMITS } from './limits.ts'
import { makeId } from './make-id.ts'
import { quietly } from './quietly.ts'

const OUT = 'optout'

/**
 * Who visits, as this site knows it: an id made here, and the customer it is where the page has said so. Kept in a
 * cookie of the page's own domain and beside it in its storage; read and written only where that is allowed.
 */
export class Visitor {
  readonly #name: string
  /** Where nothing can be kept, as long as the page. */
  #held = ''

  constructor(cookie: string) {
    this.#name = cookie
  }

  get isOut(): boolean {
    return this.#read() === OUT
  }

  /** Made and kept where there is none. */
  ids(): { anonymousId: string; userId?: string } {
    // The customer's id may hold dots, too.
    const [anonymousId = '', ...rest] = this.#read().split('.')
    if (!anonymousId) return { anonymousId: this.#make() }
    const userId = quietly(() => decodeURIComponent(rest.join('.')))
    return { anonymousId, ...(userId ? { userId } : {}) }
  }

  identify(userId: string): void {
    this.#keep(`${this.ids().anonymousId}.${encodeURIComponent(userId)}`)
  }

  optOut(): void {
    this.#keep(OUT)
  }

  optIn(): void {
    this.#keep('')
  }

  /** Takes back what was kept, but for an opt-out: whoever is told of next is somebody else. */
  forget(): void {
    if (!this.isOut) this.#keep('')
  }

  #make(): string {
    const id = makeId()
    this.#keep(id)
    return id
  }

  #read(): string {
    const name = `${this.#name}=`
    // In a sandbox already reading throws.
    const all = quietly(() => document.cookie.split('; '))
    const cookie = all?.find((one) => one.startsWith(name))
    const stored = () => quietly(() => localStorage.getItem(this.#name))
    return cookie?.slice(name.length) || stored() || this.#held
  }

  #keep(text: string): void {
    this.#held = text
    quietly(() =>
      text ? localStorage.setItem(this.#name, text) : localStorage.removeItem(this.#name),
    )
    quietly(() => this.#setCookie(text))
  }

  #setCookie(text: string): void {
    const age = text ? LIMITS.idDays * 86_400 : 0
    const secure = location.protocol === 'https:' ? '; secure' : ''
    const rest = `; path=/; max-age=${age}; samesite=lax${secure}`
    for (const domain of domains()) {
      // biome-ignore lint/suspicious/noDocumentCookie: the cookie store is not in every browser, and not synchronous
      document.cookie = `${this.#name}=${text}${rest}${domain}`
      if (text && document.cookie.includes(`${this.#name}=${text}`)) return
    }
  }
}

/** The widest domain that takes a cookie is the site's own; a name without dots, or an address, takes none. */
function domains(): string[] {
  const labels = location.hostname.split('.')
  const isName = /[a-z]$/i.test(location.hostname)
  const names = isName ? labels.map((_, i) => labels.slice(i).join('.')).slice(0, -1) : []
  return [...names.reverse().map((name) => `; domain=${name}`), '']
}
