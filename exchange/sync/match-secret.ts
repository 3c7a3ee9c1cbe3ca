import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Static, Type } from '../../audience/schema.ts'
import { closed } from '../fields.ts'
import { openText, sealText } from '../sealed-text.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { Derive } from './sync-keys.ts'

/** Catalog kind of partners' match secrets; a record's id is the partner's. */
export const MATCH_SECRET_KIND = 'match-secret'

/** Body of `POST /api/partners/{id}/match-secret`. */
export const MatchSecretBody = closed({
  /** The one the partner made; absent: one is made here. */
  secret: Type.Optional(Type.String({ minLength: 32, maxLength: 128, pattern: '^[!-~]*$' })),
})
export type MatchSecretBody = Static<typeof MatchSecretBody>

/** Both sealed under the root secret, since catalogs are exported and kept in files. */
export interface MatchSecretRecord {
  current: string
  /** Still good, so that the other side can change over in its own time. */
  previous?: string
  createdAt: string
}

/** What is signed: by whom it is sent, the id, and when (seconds since the epoch). */
export interface SignedMatch {
  p: string
  uid: string
  ts: string
}

/** `s` of `/match`: base64url HMAC-SHA-256 of `p|uid|ts`. */
export function signMatch(secret: string, { p, uid, ts }: SignedMatch): string {
  return createHmac('sha256', secret).update(`${p}|${uid}|${ts}`).digest('base64url')
}

/** Whether a signature was made with one of the secrets, not longer ago or later than clocks may differ. */
export function isSigned(
  secrets: readonly string[],
  match: SignedMatch,
  { signature, nowMs }: { signature: string; nowMs: number },
): boolean {
  if (!/^\d{1,12}$/.test(match.ts)) return false
  if (Math.abs(Number(match.ts) * 1000 - nowMs) > SYNC_LIMITS.signatureSkewMs) return false
  const given = Buffer.from(signature)
  return secrets.some((secret) => {
    const right = Buffer.from(signMatch(secret, match))
    return right.length === given.length && timingSafeEqual(right, given)
  })
}

export function makeMatchSecret(): string {
  return randomBytes(32).toString('base64url')
}

const LABEL = 'match-secret v1'

export function sealSecret(derive: Derive, secret: string): string {
  return sealText(derive, LABEL, secret)
}

/** Undefined where it was sealed in another installation: such a secret is none here. */
export function openSecret(derive: Derive, text: string): string | undefined {
  return openText(derive, LABEL, text)
}
