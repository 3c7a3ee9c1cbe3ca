import { type MatchSecretRecord, openSecret, signMatch } from './match-secret.ts'
import { pseudonym } from './pseudonym.ts'
import type { SyncRooms } from './sync.ts'
import type { SyncKeys } from './sync-keys.ts'
import type { SecretMacros, SyncTemplate } from './sync-template.ts'
import type { Syncer } from './syncers.ts'

export interface SecretsOf {
  /** Our own id of the browser. */
  browser: Buffer
  template: SyncTemplate
  nowMs: number
}

/** What only our own redirects may carry to a partner: its pseudonym of the browser, signed where we share a secret. */
export function secretsFor(
  rooms: SyncRooms,
  syncer: Syncer,
  { browser, template, nowMs }: SecretsOf,
): SecretMacros {
  const uid = pseudonymFor(rooms.keys, syncer, browser)
  const ts = String(Math.floor(nowMs / 1000))
  const [secret] = matchSecretsOf(rooms, syncer)
  const sig = secret === undefined ? '' : signMatch(secret, { p: template.signsAs, uid, ts })
  return { uid, ts, sig }
}

export function pseudonymFor(
  keys: SyncKeys,
  { partner, idVersion }: Syncer,
  browser: Buffer,
): string {
  return pseudonym(keys, browser, { partner: partner.number, version: idVersion })
}

/** The secrets shared with a partner, the newest first; none where nobody made one. */
export function matchSecretsOf(
  { catalog, keys }: SyncRooms,
  { partner }: Syncer,
): readonly string[] {
  const record = catalog.matchSecret(partner.id)
  if (record === undefined) return []
  let opened = openedSecrets.get(record)
  if (opened === undefined) {
    const sealed = [record.current, record.previous].filter((text) => text !== undefined)
    opened = sealed.flatMap((text) => openSecret(keys.derive, text) ?? [])
    openedSecrets.set(record, opened)
  }
  return opened
}

const openedSecrets = new WeakMap<MatchSecretRecord, readonly string[]>()
