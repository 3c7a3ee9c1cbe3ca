import type { Clock } from '../clock.ts'
import { NO_ROW, RowLru } from '../people/lru-cache.ts'
import { KEY_WORDS, readKey, type UserKeys } from '../people/user-key.ts'
import type { EidResolver, SentId } from './eid-resolver.ts'
import type { KeyRing } from './key-ring.ts'
import { TOKEN_LIMITS } from './limits.ts'
import { type OpenedToken, openToken, type TokenScope } from './open-token.ts'

export interface TokenResolverOptions {
  ring: KeyRing
  scope: TokenScope
  clock: Clock
  /** Number of the namespace that raw ids are in. */
  namespace: number
  /** Tokens remembered; default TOKEN_LIMITS.cacheMax. */
  max?: number
}

/**
 * Tokens of one source to ids. A token is opened once (about 10 µs) and remembered until it expires, in typed arrays: by
 * its own keyed hash, with the key of the id in it, so that no secret id is kept. One that gives none is remembered for
 * a while too.
 *
 *     row (11 words)  token's key ×4 │ id's key ×4 │ expires (s) │ made by site │ what it is
 */
export class TokenResolver implements EidResolver {
  readonly #options: TokenResolverOptions
  readonly #lru: RowLru
  readonly #rows: Uint32Array
  readonly #free: number[] = []
  readonly #token = new Uint32Array(KEY_WORDS)
  #used = 0
  /** Tokens opened, or tried to be, since the process began. */
  opened = 0

  constructor(options: TokenResolverOptions) {
    this.#options = options
    this.#lru = new RowLru(options.max ?? TOKEN_LIMITS.cacheMax, (row) => this.#free.push(row))
    // One more than are kept: a new row is taken before the oldest is given back.
    this.#rows = new Uint32Array((this.#lru.max + 1) * ROW_WORDS)
  }

  resolve(sent: SentId, keys: UserKeys, out: Uint32Array): boolean {
    const { namespace, clock, ring } = this.#options
    keys.hash(namespace, sent.bytes, sent.start, sent.end, this.#token, 0)
    const nowS = Math.floor(clock.now() / 1000)
    const row = this.#find(nowS) ?? this.#open(sent, keys, nowS)
    const rows = this.#rows
    const at = row * ROW_WORDS
    if (rows[at + WHAT] === BAD) return false
    if (rows[at + WHAT] === OF_SITE && !ring.isAllowedOn(rows[at + SITE]!, sent.sentFrom()))
      return false
    for (let i = 0; i < KEY_WORDS; i++) out[i] = rows[at + ID_KEY + i]!
    return true
  }

  open(text: string, sentFrom?: readonly string[]): string | undefined {
    const { ring, scope, clock } = this.#options
    const token = openToken(text, ring, { scope, nowMs: clock.now() })
    if (token === undefined) return undefined
    const { madeBySite, id } = token
    const isFree = madeBySite === undefined || sentFrom === undefined
    return isFree || ring.isAllowedOn(madeBySite, sentFrom) ? id : undefined
  }

  /** The row of the token, where it is remembered and still good. */
  #find(nowS: number): number | undefined {
    const row = this.#lru.get(this.#hash())
    if (row === NO_ROW) return undefined
    const at = row * ROW_WORDS
    for (let i = 0; i < KEY_WORDS; i++) if (this.#rows[at + i] !== this.#token[i]) return undefined
    return this.#rows[at + EXPIRES_S]! > nowS ? row : undefined
  }

  #open({ bytes, start, end }: SentId, keys: UserKeys, nowS: number): number {
    const { ring, scope, clock } = this.#options
    this.opened++
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
    const token = openToken(text, ring, { scope, nowMs: clock.now() })
    const row = this.#take()
    const at = row * ROW_WORDS
    this.#rows.set(this.#token, at)
    if (token === undefined) {
      this.#rows[at + EXPIRES_S] = nowS + TOKEN_LIMITS.badTokenS
      this.#rows[at + WHAT] = BAD
    } else this.#keep(token, keys, at)
    return row
  }

  #keep({ id, expiresMs, madeBySite }: OpenedToken, keys: UserKeys, at: number): void {
    readKey(keys.of(this.#options.namespace, id), this.#rows, at + ID_KEY)
    this.#rows[at + EXPIRES_S] = Math.min(Math.floor(expiresMs / 1000), 0xffff_ffff)
    this.#rows[at + SITE] = madeBySite ?? 0
    this.#rows[at + WHAT] = madeBySite === undefined ? GOOD : OF_SITE
  }

  /** A row for the token in hand, in place of one with the same hash. */
  #take(): number {
    const hash = this.#hash()
    const kept = this.#lru.get(hash)
    if (kept !== NO_ROW) return kept
    const row = this.#free.pop() ?? this.#used++
    this.#lru.add(hash, row)
    return row
  }

  #hash(): number {
    return this.#token[0]! & 0x3fff_ffff
  }
}

const ID_KEY = KEY_WORDS
const EXPIRES_S = 2 * KEY_WORDS
const SITE = EXPIRES_S + 1
const WHAT = EXPIRES_S + 2
const ROW_WORDS = EXPIRES_S + 3

const GOOD = 0
const BAD = 1
const OF_SITE = 2
