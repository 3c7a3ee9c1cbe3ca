import type { KeptPart, UserKey } from '../../audience/store/store.ts'
import type { VaultRewrite, VaultStore } from '../../audience/store/vault-store.ts'

/** A vault in memory, keeping the promises of VaultStore. */
export class MemoryVault implements VaultStore {
  readonly #held = new Map<string, Uint8Array>()
  readonly #isSuppressed: (key: UserKey) => boolean

  constructor(isSuppressed: (key: UserKey) => boolean) {
    this.#isSuppressed = isSuppressed
  }

  read(keys: readonly UserKey[]): Uint8Array[] {
    return keys.map((key) => this.#held.get(key.toString('latin1')) ?? new Uint8Array(0))
  }

  async rewrite(batch: readonly VaultRewrite[]): Promise<void> {
    for (const { key, next } of batch) {
      if (this.#isSuppressed(key)) continue
      const bytes = next(this.read([key])[0]!)
      if (bytes.length === 0) this.drop(key)
      else this.#held.set(key.toString('latin1'), bytes)
    }
  }

  async *all(): AsyncIterable<KeptPart[]> {
    yield [...this.#held].map(([name, bytes]) => ({ key: Buffer.from(name, 'latin1'), bytes }))
  }

  drop(key: UserKey): void {
    this.#held.delete(key.toString('latin1'))
  }
}
