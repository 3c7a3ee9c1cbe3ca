import type { PiiKind } from '../identity/normalize-pii.ts'
import type { Envelope } from './envelope.ts'

/** One sealed value of a person. */
export interface VaultEntry extends Envelope {
  /** Number of the tenant it is kept for. */
  owner: number
  field: PiiKind
  /** When it was said (ms since the epoch). */
  atMs: number
}

/** An entry as text can carry it: owner, field, moment, id of the key, and both sealed parts in base64. */
export type EntryText = [number, string, number, string, string, string]

/** What is kept under one key; no entries are no bytes. */
export function packEntries(entries: readonly VaultEntry[]): Uint8Array {
  return entries.length === 0 ? new Uint8Array(0) : Buffer.from(JSON.stringify(entries.map(textOf)))
}

/** Bytes that are no entries hold none. */
export function unpackEntries(bytes: Uint8Array): VaultEntry[] {
  if (bytes.length === 0) return []
  return (JSON.parse(Buffer.from(bytes).toString()) as EntryText[]).map(entryOf)
}

/** The entries with some more: of one tenant and field the value said last stays. */
export function withEntries(
  entries: readonly VaultEntry[],
  more: readonly VaultEntry[],
): VaultEntry[] {
  const byName = new Map<string, VaultEntry>()
  for (const entry of [...entries, ...more]) {
    const name = `${entry.owner} ${entry.field}`
    if (entry.atMs >= (byName.get(name)?.atMs ?? 0)) byName.set(name, entry)
  }
  return [...byName.values()]
}

export function textOf({ owner, field, atMs, keyId, wrapped, sealed }: VaultEntry): EntryText {
  return [owner, field, atMs, keyId, wrapped.toString('base64'), sealed.toString('base64')]
}

export function entryOf([owner, field, atMs, keyId, wrapped, sealed]: EntryText): VaultEntry {
  return {
    ...{ owner, field: field as PiiKind, atMs, keyId },
    ...{ wrapped: Buffer.from(wrapped, 'base64'), sealed: Buffer.from(sealed, 'base64') },
  }
}
