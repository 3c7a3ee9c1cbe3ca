import { isDeepStrictEqual } from 'node:util'
import type { CatalogSnapshot } from './catalog-snapshot.ts'
import {
  CatalogConflict,
  type CatalogRecord,
  type CatalogRecords,
  type CatalogStore,
  type CatalogWrite,
} from './store.ts'

/**
 * A catalog in memory on top of a snapshot: whatever writes to it sees its own writes and nobody else does,
 * until all of them are done in one (`writes`). So many verbs in a row become one change, or none.
 */
export class StagedCatalog implements CatalogStore {
  readonly #base: CatalogSnapshot
  readonly #numbers: (sequence: string) => Promise<number>
  readonly #touched = new Map<string, { kind: string; id: string }>()
  /** What writes were bound to without writing it. */
  readonly #expected = new Map<string, { kind: string; id: string }>()
  #now: CatalogSnapshot

  /** `numbers` gives the next number of a sequence, as `CatalogStore.nextNumber` does. */
  constructor(base: CatalogSnapshot, numbers: (sequence: string) => Promise<number>) {
    this.#base = base
    this.#now = base
    this.#numbers = numbers
  }

  /** As a CatalogFeed has it. */
  current(): CatalogSnapshot {
    return this.#now
  }

  async poke(): Promise<void> {}

  /** One change from the base to what stands here now: each record bound to its version in the base. */
  writes(): CatalogWrite[] {
    const writes: CatalogWrite[] = []
    for (const { kind, id } of this.#touched.values()) {
      const before = this.#base.kind(kind).get(id)
      const value = this.#now.kind(kind).get(id)?.value ?? null
      if (!isDeepStrictEqual(before?.value ?? null, value))
        writes.push({ kind, id, value, expect: before?.version ?? 0 })
    }
    if (writes.length === 0) return writes
    for (const { kind, id } of this.#expected.values()) {
      const expect = this.#base.kind(kind).get(id)?.version ?? 0
      writes.push({ kind, id, value: null, expect, isOnlyExpected: true })
    }
    return writes
  }

  async write(writes: readonly CatalogWrite[]): Promise<number> {
    for (const { kind, id, expect } of writes) {
      const version = this.#now.kind(kind).get(id)?.version ?? 0
      if (expect !== undefined && expect !== version) throw new CatalogConflict(kind, id)
    }
    const version = this.#now.version + 1
    const records: CatalogRecord[] = []
    for (const { kind, id, value, isOnlyExpected } of writes) {
      if (isOnlyExpected) {
        this.#expected.set(`${kind} ${id}`, { kind, id })
        continue
      }
      records.push({ kind, id, version, value })
      this.#touched.set(`${kind} ${id}`, { kind, id })
    }
    this.#now = this.#now.with({ version, records })
    return version
  }

  nextNumber(sequence: string): Promise<number> {
    return this.#numbers(sequence)
  }

  async load(): Promise<CatalogRecords> {
    return { version: this.#now.version, records: [...this.#now.records()] }
  }

  async changesSince(version: number): Promise<CatalogRecords> {
    const records = [...this.#now.records()].filter((record) => record.version > version)
    return { version: this.#now.version, records }
  }

  version(): number {
    return this.#now.version
  }
}
