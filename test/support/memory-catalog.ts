import {
  CatalogConflict,
  type CatalogRecord,
  type CatalogRecords,
  type CatalogStore,
  type CatalogWrite,
} from '../../audience/store/store.ts'

/** A catalog store in memory that keeps the interface's promises: atomic, versioned, optimistic. */
export class MemoryCatalog implements CatalogStore {
  #version = 0
  readonly #records = new Map<string, CatalogRecord>()
  readonly #sequences = new Map<string, number>()

  load(): Promise<CatalogRecords> {
    const records = [...this.#records.values()].filter((record) => record.value !== null)
    return Promise.resolve({ version: this.#version, records })
  }

  changesSince(version: number): Promise<CatalogRecords> {
    const records = [...this.#records.values()].filter((record) => record.version > version)
    return Promise.resolve({ version: this.#version, records })
  }

  version(): number {
    return this.#version
  }

  async write(writes: readonly CatalogWrite[]): Promise<number> {
    for (const { kind, id, expect } of writes) this.#check(kind, id, expect)
    const version = ++this.#version
    for (const { kind, id, value } of writes.filter((one) => !one.isOnlyExpected))
      this.#records.set(`${kind} ${id}`, { kind, id, version, value: structuredClone(value) })
    return version
  }

  nextNumber(sequence: string): Promise<number> {
    const next = (this.#sequences.get(sequence) ?? 0) + 1
    this.#sequences.set(sequence, next)
    return Promise.resolve(next)
  }

  #check(kind: string, id: string, expect: number | undefined): void {
    if (expect === undefined) return
    const record = this.#records.get(`${kind} ${id}`)
    const version = record && record.value !== null ? record.version : 0
    if (version !== expect) throw new CatalogConflict(kind, id)
  }
}
