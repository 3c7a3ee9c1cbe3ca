import type { PiiKind } from '../identity/normalize-pii.ts'
import type { KeptPart, StoreFinding, UserKey } from '../store/store.ts'
import type { VaultStore } from '../store/vault-store.ts'
import { openValue, rewrapped, sealValue } from './envelope.ts'
import type { VaultKeys } from './vault-keys.ts'
import { packEntries, unpackEntries, type VaultEntry, withEntries } from './vault-record.ts'

export interface VaultOptions {
  store: VaultStore
  /** Undefined: nothing is kept here, and nothing can be read. */
  keys: VaultKeys | undefined
  /** Where this instance keeps what it keeps: a country, EU or EEA; undefined: nobody said. */
  region: string | undefined
}

/** A value that was read, or of which only its key's id is known here. */
export interface OpenedValue {
  person: UserKey
  entry: VaultEntry
  value: string | undefined
}

/** How many values each key is needed for, by its id. */
export type KeyUses = Map<string, number>

/** Values that say who somebody is and can be read again, by whoever has the keys. Off where there are none. */
export class Vault {
  readonly region: string | undefined
  readonly #store: VaultStore
  readonly #keys: VaultKeys | undefined
  #uses: KeyUses | undefined

  constructor({ store, keys, region }: VaultOptions) {
    this.region = region
    this.#store = store
    this.#keys = keys
  }

  get isOpen(): boolean {
    return this.#keys !== undefined
  }

  /** Ids of the keys that are here, the current one first. */
  keyIds(): string[] {
    if (!this.#keys) return []
    const { current, keys } = this.#keys
    return [current, ...[...keys.keys()].filter((id) => id !== current)]
  }

  /** Seals values of one person for a tenant; keeps nothing. None where the vault is closed. */
  seal(
    values: ReadonlyMap<PiiKind, string>,
    { owner, person, atMs }: { owner: number; person: UserKey; atMs: number },
  ): VaultEntry[] {
    const keys = this.#keys
    if (keys === undefined) return []
    return [...values].map(([field, value]) => {
      const binding = { owner, person, field }
      return { owner, field, atMs, ...sealValue(value, binding, keys) }
    })
  }

  /** Keeps what was sealed; of one tenant and field the value said last. */
  async keep(
    sealed: readonly { person: UserKey; entries: readonly VaultEntry[] }[],
  ): Promise<void> {
    const byKey = new Map<string, { key: UserKey; entries: VaultEntry[] }>()
    for (const { person, entries } of sealed) {
      const name = person.toString('latin1')
      const known = byKey.get(name)
      if (known) known.entries.push(...entries)
      else byKey.set(name, { key: person, entries: [...entries] })
    }
    await this.#store.rewrite(
      [...byKey.values()].map(({ key, entries }) => ({
        key,
        next: (held) => packEntries(withEntries(unpackEntries(held), entries)),
      })),
    )
  }

  /** What is kept at some ids, unread. */
  async entriesOf(people: readonly UserKey[]): Promise<VaultEntry[][]> {
    return (await this.#store.read(people)).map(unpackEntries)
  }

  /** Reads the values at some ids that are wanted. */
  async open(
    people: readonly UserKey[],
    isWanted: (entry: VaultEntry) => boolean,
  ): Promise<OpenedValue[]> {
    const all = await this.entriesOf(people)
    return all.flatMap((entries, i) =>
      entries.filter(isWanted).map((entry) => {
        const person = people[i]!
        const value = this.#keys && openValue(entry, { ...entry, person }, this.#keys)
        return { person, entry, value }
      }),
    )
  }

  /** A key that values need and that is not here, as of when they were counted last. */
  findings(): StoreFinding[] {
    const missing = [...(this.#uses?.keys() ?? [])].filter((id) => !this.#keys?.keys.has(id))
    if (missing.length === 0) return []
    const advice = `Values in the vault need the keys ${missing.join(', ')}: put them back into the file of PASSERELLE_VAULT_KEYS, or erase whose they are.`
    return [{ finding: 'vault_key_missing', advice }]
  }

  /** How many values need each key now, whether it is here or not. Reads everything. */
  async uses(): Promise<KeyUses> {
    const uses: KeyUses = new Map()
    for await (const kept of this.#store.all())
      for (const { bytes } of kept)
        for (const { keyId } of unpackEntries(bytes)) uses.set(keyId, (uses.get(keyId) ?? 0) + 1)
    this.#uses = uses
    return uses
  }

  /** Seals every value's own key under the current key. Told of how many ids were seen to, some at a time; false ends it. */
  async rewrap(onSeen: (ids: number) => boolean): Promise<void> {
    for await (const kept of this.#store.all()) {
      const stale = kept.filter(({ bytes }) => this.#isStale(bytes))
      await this.#store.rewrite(stale.map((part) => this.#rewrapping(part)))
      if (!onSeen(kept.length)) return
    }
  }

  #isStale(bytes: Uint8Array): boolean {
    return unpackEntries(bytes).some(({ keyId }) => keyId !== this.#keys?.current)
  }

  #rewrapping({ key: person }: KeptPart) {
    const next = (held: Uint8Array) =>
      packEntries(
        unpackEntries(held).map((entry) => ({
          ...entry,
          ...(this.#keys && rewrapped(entry, { ...entry, person }, this.#keys)),
        })),
      )
    return { key: person, next }
  }
}
