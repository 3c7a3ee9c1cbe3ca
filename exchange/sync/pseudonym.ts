import type { SyncKeys } from './sync-keys.ts'

/** For whom: the partner's number, and which version of its ids (`sync.idVersion`). */
export interface PseudonymOf {
  partner: number
  version: number
}

/**
 * What a partner knows a browser by: 23 characters, the version and AES-128 of our own id under a key of
 * that partner alone. So two partners that lay their tables side by side find nothing in common, and a
 * new version gives one partner new ids.
 */
export function pseudonym(
  keys: SyncKeys,
  browser: Buffer,
  { partner, version }: PseudonymOf,
): string {
  const id = keys.pseudonym(partner, version).encrypt(browser)
  return Buffer.concat([Buffer.of(version), id]).toString('base64url')
}
