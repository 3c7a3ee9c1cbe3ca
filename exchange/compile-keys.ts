import { timingSafeEqual } from 'node:crypto'
import type { CatalogRecord } from '../audience/store/store.ts'
import type { CompiledPartner, Partners } from './compile-partners.ts'
import { hashKey, type KeyRecord } from './key.ts'
import { LIMITS } from './limits.ts'

/** Whose key was presented, and what it may do. */
export interface KeyHolder {
  readonly keyId: string
  readonly partner: CompiledPartner
  readonly scopes: ReadonlySet<string>
  /** The holder may ask for traces. */
  readonly trace: boolean
  /** Number of the exchange its requests come from: the key's, else the partner's; 0 for none. */
  readonly exchange: number
}

interface Entry {
  readonly hash: Buffer
  readonly holder: KeyHolder
}

/**
 * The keys of active partners. A key is looked up by the hash of what was presented, so that nothing
 * about the stored keys can be learnt from timing; the hashes are then compared in constant time.
 * What was verified once is remembered here, and the ring is made anew whenever a key or a partner
 * changes: a revoked key or a paused partner is out with the next snapshot.
 */
export class KeyRing {
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #verified = new Map<string, KeyHolder>()

  constructor(records: ReadonlyMap<string, CatalogRecord>, partners: Partners) {
    const entries = new Map<string, Entry>()
    for (const [keyId, { value }] of records) {
      const key = value as KeyRecord
      const partner = partners.byId.get(key.partner)
      if (!partner?.active) continue
      const holder = holderOf(keyId, key, partner, partners)
      entries.set(key.hash, { hash: Buffer.from(key.hash, 'base64url'), holder })
    }
    this.#entries = entries
  }

  /** The holder of a key as presented; undefined where it is unknown, revoked, or lacks `scope`. */
  find(presented: string, scope?: string): KeyHolder | undefined {
    const holder = this.#verified.get(presented) ?? this.#verify(presented)
    return holder && (scope === undefined || holder.scopes.has(scope)) ? holder : undefined
  }

  #verify(presented: string): KeyHolder | undefined {
    if (presented.length === 0 || presented.length > LIMITS.keyCharsMax) return undefined
    const hash = hashKey(presented)
    const entry = this.#entries.get(hash.toString('base64url'))
    if (!entry || !timingSafeEqual(entry.hash, hash)) return undefined
    if (this.#verified.size < LIMITS.verifiedKeysMax) this.#verified.set(presented, entry.holder)
    return entry.holder
  }
}

function holderOf(
  keyId: string,
  key: KeyRecord,
  partner: CompiledPartner,
  partners: Partners,
): KeyHolder {
  const exchange = key.exchange ? (partners.byId.get(key.exchange)?.number ?? 0) : partner.exchange
  return { keyId, partner, scopes: new Set(key.scopes), trace: key.trace, exchange }
}
