import type { Clock } from '../clock.ts'
import { Rounds } from '../rounds.ts'
import { CatalogSnapshot, readSnapshotFile, writeSnapshotFile } from './catalog-snapshot.ts'
import { LIMITS } from './limits.ts'
import { storeFinding } from './reasons.ts'
import type { CatalogRecord, CatalogRecords, CatalogStore, StoreFinding } from './store.ts'

export interface CatalogFeedOptions {
  store: CatalogStore
  clock: Clock
  /** Where the last snapshot is kept; without one the feed starts empty when the store is away. */
  snapshotFile?: string
  /** Whether this process writes the file (one of several does). Default false. */
  writeSnapshot?: boolean
  /** A record as this process holds it; undefined: it has no use for it. Default: as it is. */
  keep?: ((record: CatalogRecord) => CatalogRecord | undefined) | undefined
  /** Default LIMITS.catalogPollMs. */
  pollMs?: number
  /** Default LIMITS.catalogConfirmWithinMs. */
  confirmWithinMs?: number
}

/** Told of every new snapshot, with the records that changed (deleted ones have `value: null`). */
export type CatalogListener = (snapshot: CatalogSnapshot, changed: readonly CatalogRecord[]) => void

/** The catalog of this process: whole, immutable, followed from the store. Rooms compile from it. */
export interface CatalogFeed {
  /** Undefined until the store or the snapshot file gave one. */
  current(): CatalogSnapshot | undefined
  /** True where the store said within `confirmWithinMs` that this is the version, and every listener took it. */
  confirmed(): boolean
  /** Calls at once where there is a snapshot, then at every change. Returns what ends it. */
  onChange(listener: CatalogListener): () => void
  /** Asks the store now: what was written before the call is in `current()` after it. Never rejects. */
  poke(): Promise<void>
  findings(): StoreFinding[]
  /** Ends the polls, and waits for the snapshot file. */
  close(): Promise<void>
}

/**
 * Starts the feed from the snapshot file, if there is one; `await feed.poke()` for the first answer
 * of the store. Nothing the store does makes it throw: the last snapshot stays, unconfirmed in time.
 */
export function openCatalogFeed(options: CatalogFeedOptions): CatalogFeed {
  return new Feed(options)
}

class Feed implements CatalogFeed {
  readonly #options: CatalogFeedOptions
  readonly #rounds: Rounds
  /** What each listener has not taken yet: more than one change only where it threw. */
  readonly #listeners = new Map<CatalogListener, CatalogRecord[]>()
  readonly #findings = new Map<string, StoreFinding>()
  #current: CatalogSnapshot | undefined
  /** False while `#current` is from the file, whose store may have been another one. */
  #loaded = false
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  #writing: Promise<void> | undefined
  #written: CatalogSnapshot | undefined
  #writtenAtMs = Number.NEGATIVE_INFINITY

  constructor(options: CatalogFeedOptions) {
    this.#options = options
    this.#startFromFile()
    this.#rounds = new Rounds(options.pollMs ?? LIMITS.catalogPollMs, (isPoked) =>
      this.#poll(isPoked),
    )
  }

  current(): CatalogSnapshot | undefined {
    return this.#current
  }

  confirmed(): boolean {
    const withinMs = this.#options.confirmWithinMs ?? LIMITS.catalogConfirmWithinMs
    if (this.#options.clock.elapsed() - this.#confirmedAtMs > withinMs) return false
    return this.#findings.size === 0 || !this.#findings.has('listener_failed')
  }

  onChange(listener: CatalogListener): () => void {
    this.#listeners.set(listener, [])
    if (this.#current) this.#tell(listener, this.#current, [...this.#current.records()])
    return () => this.#listeners.delete(listener)
  }

  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  findings(): StoreFinding[] {
    return [...this.#findings.values()]
  }

  async close(): Promise<void> {
    await this.#rounds.stop()
    await this.#writing
    this.#writtenAtMs = Number.NEGATIVE_INFINITY
    this.#keepOnDisk()
    await this.#writing
    this.#listeners.clear()
  }

  #startFromFile(): void {
    const { snapshotFile } = this.#options
    if (snapshotFile === undefined) return
    const { snapshot, ignored } = readSnapshotFile(snapshotFile)
    this.#current = snapshot && this.#snapshotOf(snapshot.version, snapshot.records())
    if (ignored !== undefined) this.#find('snapshot_ignored', ignored)
  }

  async #poll(isPoked: boolean): Promise<void> {
    // The answer is as old as the question. What is only not told of confirms nothing.
    const askedAtMs = this.#options.clock.elapsed()
    if (!isPoked && this.#isQuiet(askedAtMs)) return
    try {
      await this.#follow()
      this.#confirmedAtMs = askedAtMs
      this.#findings.delete('unreachable')
    } catch (error) {
      this.#find('unreachable', messageOf(error))
    }
    this.#tellAll([])
    this.#keepOnDisk()
  }

  /** Where the store would have told of another version, and was asked lately all the same. */
  #isQuiet(nowMs: number): boolean {
    if (nowMs - this.#confirmedAtMs >= LIMITS.catalogAskMs || this.#findings.size > 0) return false
    const known = this.#current
    return known !== undefined && this.#options.store.isQuietAt?.(known.version) === true
  }

  async #follow(): Promise<void> {
    const { store } = this.#options
    const known = this.#current
    if (known === undefined || !this.#loaded) return this.#replace(await store.load())
    const version = await store.version()
    // A version that went back is another catalog: restored, or a store made anew.
    if (version < known.version) return this.#replace(await store.load())
    if (version > known.version) this.#advance(known, await store.changesSince(known.version))
  }

  /** Takes a whole catalog: all of it counts as changed, and what is no longer there as deleted. */
  #replace(loaded: CatalogRecords): void {
    const next = this.#snapshotOf(loaded.version, loaded.records)
    const gone: CatalogRecord[] = []
    for (const { kind, id } of this.#current?.records() ?? []) {
      if (!next.kind(kind).has(id)) gone.push({ kind, id, version: next.version, value: null })
    }
    this.#current = next
    this.#loaded = true
    this.#tellAll([...next.records(), ...gone])
  }

  #advance(known: CatalogSnapshot, { version, records }: CatalogRecords): void {
    const kept = this.#kept(records)
    this.#current = known.with({ version, records: kept })
    this.#tellAll(kept)
  }

  #snapshotOf(version: number, records: Iterable<CatalogRecord>): CatalogSnapshot {
    return CatalogSnapshot.of({ version, records: this.#kept(records) })
  }

  #kept(records: Iterable<CatalogRecord>): CatalogRecord[] {
    const { keep } = this.#options
    if (!keep) return [...records]
    return [...records].map(keep).filter((record) => record !== undefined)
  }

  #tellAll(changed: readonly CatalogRecord[]): void {
    if (this.#current === undefined) return
    this.#findings.delete('listener_failed')
    for (const [listener, missed] of this.#listeners) {
      const news = missed.length > 0 ? [...missed, ...changed] : changed
      if (news.length > 0) this.#tell(listener, this.#current, news)
    }
  }

  /** A room that cannot take a change keeps shared segments closed, and is offered it again. */
  #tell(
    listener: CatalogListener,
    snapshot: CatalogSnapshot,
    changed: readonly CatalogRecord[],
  ): void {
    try {
      listener(snapshot, changed)
      this.#listeners.set(listener, [])
    } catch (error) {
      this.#listeners.set(listener, [...changed])
      this.#find('listener_failed', messageOf(error))
    }
  }

  /** At most one write at a time and one a second; what came meanwhile is written at a later poll. */
  #keepOnDisk(): void {
    const { snapshotFile, writeSnapshot, clock } = this.#options
    const snapshot = this.#current
    if (!writeSnapshot || snapshotFile === undefined || snapshot === undefined) return
    if (!this.#loaded || this.#written === snapshot || this.#writing !== undefined) return
    if (clock.elapsed() - this.#writtenAtMs < LIMITS.snapshotWriteEveryMs) return
    this.#writtenAtMs = clock.elapsed()
    this.#writing = this.#write(snapshotFile, snapshot).finally(() => {
      this.#writing = undefined
    })
  }

  async #write(file: string, snapshot: CatalogSnapshot): Promise<void> {
    try {
      await writeSnapshotFile(file, snapshot)
      this.#written = snapshot
      this.#findings.delete('snapshot_unwritten')
      this.#findings.delete('snapshot_ignored')
    } catch (error) {
      this.#find('snapshot_unwritten', messageOf(error))
    }
  }

  #find(word: Parameters<typeof storeFinding>[0], observed: string): void {
    this.#findings.set(word, storeFinding(word, observed))
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
