import type { Clock } from '../audience/clock.ts'
import type { Reach } from '../audience/reach/reach.ts'
import type { CatalogFeed } from '../audience/store/catalog-feed.ts'
import type { CatalogSnapshot } from '../audience/store/catalog-snapshot.ts'
import type { CatalogStore } from '../audience/store/store.ts'
import type { Vault } from '../audience/vault/vault.ts'
import type { DeskDeps } from './desk/desk.ts'
import { type ExchangeDesk, openDesk } from './desk/open-desk.ts'
import { Turns } from './desk/turns.ts'
import { ExchangeCatalog } from './exchange-catalog.ts'

export interface ExchangeOptions {
  feed: CatalogFeed
  clock: Clock
  catalogStore: CatalogStore
  log: ExchangeLog
  /** Tells how many people there are in what; absent: that is not known here. Closed by whoever opened it. */
  reach?: Reach
  /** What can be read again of people's; absent: nothing is kept. */
  vault?: Vault
  /**
   * Compile only when asked, for processes without bid path: a desk that writes ten thousand records
   * need not compile ten thousand catalogs. Default false: each version is compiled as it arrives.
   */
  lazy?: boolean
}

/** The part of the logger the exchange uses. */
export interface ExchangeLog {
  debug(fields: object, message: string): void
}

/** Partners, keys, segments, contracts and deals: what may be given to whom. */
export interface Exchange {
  /** The latest compiled catalog; undefined until there is one. */
  catalog(): ExchangeCatalog | undefined
  /** False where the version could not be confirmed for some seconds: shared segments stop. */
  confirmed(): boolean
  /** Calls after each new version was compiled. Returns what ends it. */
  onChange(listener: (catalog: ExchangeCatalog) => void): () => void
  readonly desk: ExchangeDesk
  /** What desk verbs work with, for what is composed of them (the demo world). */
  readonly deskDeps: DeskDeps
  close(): Promise<void>
}

/** Opens the room: it follows the feed, and compiles what it brings. */
export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  return new OpenExchange(options)
}

function deskDepsOf({ catalogStore, feed, clock, reach, vault }: ExchangeOptions): DeskDeps {
  const rooms = { ...(reach ? { reach } : {}), ...(vault ? { vault } : {}) }
  return { catalog: catalogStore, feed, clock, turns: new Turns(), ...rooms }
}

class OpenExchange implements Exchange {
  readonly desk: ExchangeDesk
  readonly deskDeps: DeskDeps
  readonly #options: ExchangeOptions
  readonly #listeners = new Set<(catalog: ExchangeCatalog) => void>()
  readonly #unfollow: () => void
  #catalog: ExchangeCatalog | undefined
  #snapshot: CatalogSnapshot | undefined

  constructor(options: ExchangeOptions) {
    const { feed } = options
    this.#options = options
    this.deskDeps = deskDepsOf(options)
    this.desk = openDesk(this.deskDeps)
    this.#unfollow = feed.onChange(() => {
      if (!options.lazy || this.#listeners.size > 0) this.#compile()
    })
  }

  catalog(): ExchangeCatalog | undefined {
    if (this.#options.lazy) this.#compile()
    return this.#catalog
  }

  confirmed(): boolean {
    return this.#options.feed.confirmed()
  }

  onChange(listener: (catalog: ExchangeCatalog) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#unfollow()
    this.#listeners.clear()
  }

  /** A snapshot that cannot be compiled throws into the feed, which then counts as unconfirmed. */
  #compile(): void {
    const { feed, clock, log } = this.#options
    const snapshot = feed.current()
    if (!snapshot || snapshot === this.#snapshot) return
    const beganMs = clock.elapsed()
    this.#catalog = ExchangeCatalog.compile(snapshot, this.#catalog)
    this.#snapshot = snapshot
    const tookMs = clock.elapsed() - beganMs
    log.debug({ version: snapshot.version, tookMs }, 'catalog compiled')
    for (const listener of this.#listeners) listener(this.#catalog)
  }
}
