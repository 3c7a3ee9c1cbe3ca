import type { Clock } from '../audience/clock.ts'
import { SEGMENT_KIND, type Segment } from '../audience/segment.ts'
import type { CatalogFeed } from '../audience/store/catalog-feed.ts'
import type { CatalogSnapshot } from '../audience/store/catalog-snapshot.ts'
import type { CatalogStore } from '../audience/store/store.ts'
import { AudienceSizes, type AudienceSizesOptions } from './desk/audience-sizes.ts'
import type { DeskDeps } from './desk/desk.ts'
import { LabelSizes } from './desk/label-sizes.ts'
import { type ExchangeDesk, openDesk } from './desk/open-desk.ts'
import { Turns } from './desk/turns.ts'
import { ExchangeCatalog } from './exchange-catalog.ts'

export interface ExchangeOptions {
  feed: CatalogFeed
  clock: Clock
  catalogStore: CatalogStore
  log: ExchangeLog
  /** Where people are counted before a segment is offered; absent: sizes are not known here. */
  people?: AudienceSizesOptions['people']
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

function deskDepsOf({ catalogStore, feed, clock, people }: ExchangeOptions): DeskDeps {
  const deps = { catalog: catalogStore, feed, clock, turns: new Turns() }
  if (!people) return deps
  const segment = (id: string) =>
    feed.current()?.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
  const sizes = new AudienceSizes({ people, clock })
  return { ...deps, sizes, labelSizes: new LabelSizes({ people, clock, segment }) }
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
