import type { KeptPart, UserKey } from '../store.ts'
import type { VaultRewrite, VaultStore } from '../vault-store.ts'
import type { EmbeddedPeople } from './embedded-people.ts'
import type { EmbeddedDb } from './lmdb.ts'
import { stepsOf } from './steps-of.ts'

const EMPTY = Buffer.alloc(0)

/** The vault in LMDB. */
export class EmbeddedVault implements VaultStore {
  readonly #db: EmbeddedDb
  readonly #people: EmbeddedPeople

  constructor(db: EmbeddedDb, people: EmbeddedPeople) {
    this.#db = db
    this.#people = people
  }

  read(keys: readonly UserKey[]): Uint8Array[] {
    return keys.map((key) => Buffer.from(this.#db.vault.getBinary(key) ?? EMPTY))
  }

  async rewrite(batch: readonly VaultRewrite[]): Promise<void> {
    if (batch.length > 0)
      await this.#db.transact(() => {
        for (const one of batch) this.#rewriteOne(one)
      })
  }

  async *all(): AsyncIterable<KeptPart[]> {
    for await (const step of stepsOf(this.#db.vault))
      yield step.map(({ key, value }) => ({ key, bytes: value }))
  }

  #rewriteOne({ key, next }: VaultRewrite): void {
    if (this.#people.isSuppressed(key)) return
    const bytes = next(this.#db.vault.getBinary(key) ?? EMPTY)
    if (bytes.length === 0) this.#db.vault.remove(key)
    else this.#db.vault.put(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  }
}
