import {
  CatalogConflict,
  type CatalogRecord,
  type CatalogRecords,
  type CatalogStore,
  type CatalogWrite,
} from '../store.ts'
import type { EmbeddedDb } from './lmdb.ts'

const CATALOG_VERSION = 'catalogVersion'

/**
 * The catalog in LMDB: an entry by [kind, id], and its version in an index that readers follow. A
 * deleted record leaves its id and version behind (~50 bytes), so that a reader however late learns of it.
 */
export class EmbeddedCatalog implements CatalogStore {
  readonly #db: EmbeddedDb

  constructor(db: EmbeddedDb) {
    this.#db = db
  }

  async load(): Promise<CatalogRecords> {
    this.#db.refresh()
    const records: CatalogRecord[] = []
    for (const { key, value } of this.#db.catalog.getRange()) {
      if (value.value !== null) records.push({ kind: key[0], id: key[1], ...value })
    }
    return { version: this.#version(), records }
  }

  async changesSince(version: number): Promise<CatalogRecords> {
    this.#db.refresh()
    const records: CatalogRecord[] = []
    for (const key of this.#db.catalogVersions.getKeys({ start: [version + 1] })) {
      const [kind, id] = [String(key[1]), String(key[2])]
      const entry = this.#db.catalog.get([kind, id])
      if (entry) records.push({ kind, id, ...entry })
    }
    return { version: this.#version(), records }
  }

  version(): number {
    this.#db.refresh()
    return this.#version()
  }

  async write(writes: readonly CatalogWrite[]): Promise<number> {
    assertJson(writes)
    return this.#db.transact(() => {
      for (const write of writes) this.#assertExpected(write)
      const version = this.#version() + (writes.length > 0 ? 1 : 0)
      for (const write of writes) this.#put(write, version)
      this.#db.meta.put(CATALOG_VERSION, version)
      return version
    })
  }

  async nextNumber(sequence: string): Promise<number> {
    const name = `number:${sequence}`
    return this.#db.transact(() => {
      const number = (this.#db.meta.get(name) ?? 0) + 1
      this.#db.meta.put(name, number)
      return number
    })
  }

  #version(): number {
    return this.#db.meta.get(CATALOG_VERSION) ?? 0
  }

  #assertExpected({ kind, id, expect }: CatalogWrite): void {
    if (expect === undefined) return
    const known = this.#db.catalog.get([kind, id])
    const version = known === undefined || known.value === null ? 0 : known.version
    if (version !== expect) throw new CatalogConflict(kind, id)
  }

  #put({ kind, id, value, isOnlyExpected }: CatalogWrite, version: number): void {
    if (isOnlyExpected) return
    const before = this.#db.catalog.get([kind, id])
    if (before !== undefined) this.#db.catalogVersions.remove([before.version, kind, id])
    this.#db.catalog.put([kind, id], { version, value })
    this.#db.catalogVersions.put([version, kind, id], 0)
  }
}

function assertJson(writes: readonly CatalogWrite[]): void {
  for (const { kind, id, value } of writes) {
    if (value === undefined) throw new TypeError(`catalog: ${kind} ${id} has no value`)
  }
}
