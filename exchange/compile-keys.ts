import { timingSafeEqual } from 'node:crypto'
import type { KindRecords } from '../audience/store/catalog-snapshot.ts'
import { LayeredMap } from '../audience/store/layered-map.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import type { CompiledPartner, Partners } from './compile-partners.ts'
import { type Groups, regroup } from './groups.ts'
import { hashKey, type KeyRecord, type PageSettings } from './key.ts'
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
  /** Where it stands in pages: which, and for whom its answers are. */
  readonly page?: PageSettings | undefined
}

/**
 * The keys of active partners. A key is looked up by the hash of what was presented, so that nothing
 * about the stored keys can be learnt from timing; the hashes are then compared in constant time.
 * What was verified once is remembered here, and the ring is made anew whenever a key or a partner
 * changes: a revoked key or a paused partner is out with the next snapshot.
 */
export class KeyRing {
  readonly #records: KindRecords
  readonly #byHash: Groups<string, CatalogRecord>
  readonly #partners: Partners
  readonly #verified = new Map<string, KeyHolder>()
  /** What was presented last: most requests in a row are of one buyer, and hashing a text costs more. */
  #last = ''
  #lastHolder: KeyHolder | undefined

  private constructor(
    records: KindRecords,
    byHash: Groups<string, CatalogRecord>,
    partners: Partners,
  ) {
    this.#records = records
    this.#byHash = byHash
    this.#partners = partners
  }

  /** With `before`, at the cost of what changed since. */
  static of(records: KindRecords, partners: Partners, before = NO_KEYS): KeyRing {
    const gone: CatalogRecord[] = []
    const come: CatalogRecord[] = []
    for (const [, was, is] of before.#records.differences(records)) {
      if (was) gone.push(was)
      if (is) come.push(is)
    }
    const hashOf = ({ value }: CatalogRecord) => [(value as KeyRecord).hash]
    return new KeyRing(records, regroup(before.#byHash, { gone, come }, hashOf), partners)
  }

  static empty(): KeyRing {
    return new KeyRing(LayeredMap.empty(), LayeredMap.empty(), {
      byId: new Map(),
      byNumber: new Map(),
    })
  }

  /** The holder of a key as presented; undefined where it is unknown, revoked, or lacks `scope`. */
  find(presented: string, scope?: string): KeyHolder | undefined {
    if (presented !== this.#last) {
      this.#lastHolder = this.#verified.get(presented) ?? this.#verify(presented)
      this.#last = presented
    }
    const holder = this.#lastHolder
    return holder && (scope === undefined || holder.scopes.has(scope)) ? holder : undefined
  }

  #verify(presented: string): KeyHolder | undefined {
    if (presented.length === 0 || presented.length > LIMITS.keyCharsMax) return undefined
    const hash = hashKey(presented)
    for (const record of this.#byHash.get(hash.toString('base64url')) ?? []) {
      const holder = isHashOf(record, hash) ? holderOf(record, this.#partners) : undefined
      if (!holder) continue
      if (this.#verified.size < LIMITS.verifiedKeysMax) this.#verified.set(presented, holder)
      return holder
    }
    return undefined
  }
}

function isHashOf({ value }: CatalogRecord, hash: Buffer): boolean {
  const kept = Buffer.from((value as KeyRecord).hash, 'base64url')
  return kept.length === hash.length && timingSafeEqual(kept, hash)
}

/** Undefined where its partner is gone or paused. */
function holderOf({ id, value }: CatalogRecord, partners: Partners): KeyHolder | undefined {
  const key = value as KeyRecord
  const partner = partners.byId.get(key.partner)
  if (!partner?.active) return undefined
  const exchange = key.exchange ? (partners.byId.get(key.exchange)?.number ?? 0) : partner.exchange
  const { trace, page } = key
  return { keyId: id, partner, scopes: new Set(key.scopes), trace, exchange, page }
}

const NO_KEYS = KeyRing.empty()
