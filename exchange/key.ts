import { createHash, randomBytes } from 'node:crypto'
import { type Static, Type } from '../audience/schema.ts'
import { closed, listOf, OperatorId } from './fields.ts'
import { LIMITS } from './limits.ts'

/** What a key may be used for; `wire:<name>` works on that wire's path only, `pii` reads its partner's values in the vault. */
export const KeyScope = Type.String({
  pattern: '^(bid|data|desk|pii|wire:[a-z0-9][a-z0-9_-]{0,30})$',
})

/** Scope of keys that stand in pages, for Prebid.js to ask with; a key of it has no other. */
export const PAGE_SCOPE = 'wire:prebid'

/** An origin of pages, as browsers name it; `https://*.news.example`: every host below that domain. */
const Origin = Type.String({
  maxLength: 300,
  pattern: '^https?://([*][.])?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$',
})

/** Where a key of PAGE_SCOPE may be used, and for whom what it is answered is meant. */
const PageSettings = closed({
  /** Whose pages may ask. */
  origins: listOf(Origin, LIMITS.pageOriginsMax, 1),
  /** Prebid.js bidder codes that get what is given. Absent (publishers only): every bidder of the page, and no deals. */
  bidders: Type.Optional(
    listOf(Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9_.-]+$' }), LIMITS.pageBiddersMax, 1),
  ),
  /** Requests answered a second; more get 429. */
  perSecond: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pagePerSecondMax })),
})
export type PageSettings = Static<typeof PageSettings>

/** Body of `POST /api/partners/{id}/keys`. */
export const KeyBody = closed({
  scopes: Type.Optional(listOf(KeyScope, 16, 1)),
  /** The holder may ask for traces of its own requests. */
  trace: Type.Optional(Type.Boolean()),
  /** The exchange that requests with this key come from, unless `?x=` says otherwise. */
  exchange: Type.Optional(OperatorId),
  /** With scope `wire:prebid`, and with no other. */
  page: Type.Optional(PageSettings),
})
export type KeyBody = Static<typeof KeyBody>

export const DEFAULT_SCOPES = ['bid', 'data'] as const

/** A key as kept in the catalog, under kind `key` and its id. The key itself is kept nowhere. */
export interface KeyRecord {
  partner: string
  /** SHA-256 of the key as presented, base64url. A key has 256 random bits: no salt, no stretching. */
  hash: string
  scopes: string[]
  trace: boolean
  exchange?: string
  page?: PageSettings
  createdAt: string
}

/** Catalog kind under which the write keys of sources are kept. */
export const SOURCE_KEY_KIND = 'source_key'

/** Body of `POST /api/sources/{id}/keys`: there is nothing to say yet. */
export const SourceKeyBody = closed({})

/** A write key as kept: it stands in pages for everybody to read, and still only its hash is kept. */
export interface SourceKeyRecord {
  /** Id of the source. */
  source: string
  /** As that of a partner's key. */
  hash: string
  createdAt: string
}

/**
 * A new key: `pk_<its id>_<32 random bytes>`, so that one found in a log can be named and revoked; `wk` for
 * write keys of sources.
 */
export function makeKey(prefix: 'pk' | 'wk' = 'pk'): { id: string; key: string } {
  const id = randomBytes(6).toString('hex')
  return { id, key: `${prefix}_${id}_${randomBytes(32).toString('base64url')}` }
}

export function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
