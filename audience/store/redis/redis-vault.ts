import { isSuppressed } from '../../../proto/suppression-mark.ts'
import type { KeptPart, UserKey } from '../store.ts'
import type { VaultRewrite, VaultStore } from '../vault-store.ts'
import { type Place, readRecords, rewriteAll } from './swap.ts'
import { walkAll } from './walk.ts'
import type { Writer } from './writer.ts'

/** The vault in Redis: each value in the slot of its record. */
export class RedisVault implements VaultStore {
  readonly #writer: Writer

  constructor(writer: Writer) {
    this.#writer = writer
  }

  async read(keys: readonly UserKey[]): Promise<Uint8Array[]> {
    if (keys.length === 0) return []
    return this.#writer.write((place) =>
      readRecords(
        place,
        keys.map((key) => ({ key, part: 'vault' })),
      ),
    )
  }

  async rewrite(batch: readonly VaultRewrite[]): Promise<void> {
    if (batch.length === 0) return
    await this.#writer.write(async (place) => {
      await rewriteAll(
        place,
        batch.map(({ key, next }) => ({ key, part: 'vault', next: rewritten(next) })),
      )
      // A mark that came before takes it back; one that comes now takes it by itself.
      const marks = await marksOf(place, batch)
      const gone = batch.filter((_, i) => marks[i])
      await dropVault(
        place,
        gone.map(({ key }) => key),
      )
    })
  }

  all(): AsyncIterable<KeptPart[]> {
    return walkAll(this.#writer, 'vault')
  }
}

/** Takes all that the vault holds under some keys. */
export function dropVault(place: Place, keys: readonly UserKey[]): Promise<void> {
  const next = rewritten(() => new Uint8Array(0))
  return rewriteAll(
    place,
    keys.map((key) => ({ key, part: 'vault', next })),
  )
}

function rewritten(next: VaultRewrite['next']) {
  return (held: Uint8Array) => {
    const blob = next(held)
    return Buffer.compare(held, blob) === 0 ? undefined : { blob }
  }
}

async function marksOf(place: Place, batch: readonly VaultRewrite[]): Promise<boolean[]> {
  const profiles = await readRecords(
    place,
    batch.map(({ key }) => ({ key, part: 'profile' })),
  )
  return profiles.map((profile) => isSuppressed(profile, 0, profile.length))
}
