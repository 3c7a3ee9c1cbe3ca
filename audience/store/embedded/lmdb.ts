import { type Database, open, type RootDatabase } from 'lmdb'
import { StoreFailed } from '../store-failed.ts'

/** Versions, sequences and counters by name. */
export type MetaDb = Database<number, string>
/** 16-byte keys, or 8-byte big-endian numbers, to packed bytes. */
export type BytesDb = Database<Buffer, Buffer>
/** Catalog entries by [kind, id]. */
export type CatalogDb = Database<{ version: number; value: unknown }, [string, string]>
/** [version, kind, id] of every catalog entry, so that a reader finds what is new to it. */
export type CatalogVersionDb = Database<number, (number | string)[]>
/** Counters and what belongs to them: see embedded-tallies.ts. */
export type TallyDb = Database<unknown, (number | string)[]>

const OPTIONS = {
  maxDbs: 32,
  noSubdir: false,
  // A commit is answered after its fdatasync, as fast as with overlapping when measured, and a sync
  // that fails rejects the very promise it belongs to.
  overlappingSync: false,
  // Batching by turn makes a promise of its own for each batch, which goes unhandled when a commit
  // fails, and ends the process. Every write here is an explicit transaction anyway.
  eventTurnBatching: false,
} as const

/** What was seen of sources, by [source, name]: [count, firstMs, lastMs]. */
export type SightingDb = Database<[number, number, number], [string, string]>
/** What a tracking plan holds back, by [source, number]. */
export type HeldDb = Database<{ atMs: number; body: string }, [string, number]>

/**
 * The door of lmdb: one environment in one directory, its databases, and the two things this house
 * asks of them: a transaction that is on disk or did not happen, and a read of what is there now.
 * Several processes may hold the same directory; within one process open it once, since opening
 * waits for the write lock, which a writer of the same process gives up only in a later turn.
 */
export class EmbeddedDb {
  readonly profiles: BytesDb
  readonly edges: BytesDb
  /** Who was given what about whom. */
  readonly egress: BytesDb
  readonly log: BytesDb
  /** Packed histories; when each is to be looked at again (ms | key); and which messages were counted (day | message). */
  readonly histories: BytesDb
  /** Sealed values: see audience/vault/. */
  readonly vault: BytesDb
  readonly wheel: BytesDb
  readonly seen: BytesDb
  /** What was kept of jobs over everybody, by number. */
  readonly jobs: Database<Buffer, number>
  /** Events that wait, and those put aside, by number. */
  readonly events: BytesDb
  readonly quarantine: BytesDb
  /** Events remembered as counted, by number. */
  readonly counted: BytesDb
  readonly sightings: SightingDb
  readonly held: HeldDb
  readonly claims: BytesDb
  /** When claims end, and which: so that what has ended is found without a search. */
  readonly claimEnds: BytesDb
  readonly catalog: CatalogDb
  readonly catalogVersions: CatalogVersionDb
  readonly meta: MetaDb
  readonly tallies: TallyDb
  /** What the last commit failed of; undefined once one succeeds. */
  commitError: StoreFailed | undefined
  readonly #root: RootDatabase

  /** Opens or makes the environment; slots of readers that died are freed on the way. Map grows by itself. */
  constructor(dir: string) {
    this.#root = open(dir, { ...OPTIONS })
    const bytes = { keyEncoding: 'binary', encoding: 'binary' } as const
    this.profiles = this.#root.openDB<Buffer, Buffer>('profiles', bytes)
    this.edges = this.#root.openDB<Buffer, Buffer>('edges', bytes)
    this.egress = this.#root.openDB<Buffer, Buffer>('egress', bytes)
    this.log = this.#root.openDB<Buffer, Buffer>('log', bytes)
    this.vault = this.#root.openDB<Buffer, Buffer>('vault', bytes)
    this.histories = this.#root.openDB<Buffer, Buffer>('histories', bytes)
    this.wheel = this.#root.openDB<Buffer, Buffer>('wheel', bytes)
    this.seen = this.#root.openDB<Buffer, Buffer>('seen', bytes)
    this.jobs = this.#root.openDB<Buffer, number>('jobs', { encoding: 'binary' })
    this.events = this.#root.openDB<Buffer, Buffer>('events', bytes)
    this.quarantine = this.#root.openDB<Buffer, Buffer>('quarantine', bytes)
    this.counted = this.#root.openDB<Buffer, Buffer>('counted', bytes)
    this.claims = this.#root.openDB<Buffer, Buffer>('claims', bytes)
    this.claimEnds = this.#root.openDB<Buffer, Buffer>('claim-ends', bytes)
    const json = { encoding: 'json' } as const
    this.sightings = this.#root.openDB('sightings', json)
    this.held = this.#root.openDB('held', json)
    this.catalog = this.#root.openDB('catalog', json)
    this.catalogVersions = this.#root.openDB('catalog-versions', json)
    this.meta = this.#root.openDB('meta', json)
    this.tallies = this.#root.openDB('tallies', json)
  }

  /**
   * Runs `work` (synchronous) with the write lock, and resolves with its result once it is committed
   * and synced. What `work` throws is passed on; then, or where the commit fails, nothing is written.
   */
  async transact<T>(work: () => T): Promise<T> {
    try {
      // A child transaction, because a plain one would keep what was put before a throw.
      const result = await this.#root.childTransaction(work)
      this.commitError = undefined
      return result
    } catch (error) {
      throw await this.#explain(error)
    }
  }

  /** Makes the reads that follow see every commit there is, also those of other processes. */
  refresh(): void {
    this.#root.resetReadTxn()
  }

  async close(): Promise<void> {
    await this.#root.close()
  }

  /** lmdb tells the cause of a failed commit through a second promise, which must not go unhandled. */
  async #explain(error: unknown): Promise<unknown> {
    const commit = (error as { commitError?: Promise<never> }).commitError
    if (commit === undefined) return error
    const cause: unknown = await commit.catch((reason: unknown) => reason)
    const detail = cause instanceof Error ? cause.message : String(cause)
    const says = `The embedded store could not commit: ${detail}`
    this.commitError = new StoreFailed(says, { cause })
    return this.commitError
  }
}
