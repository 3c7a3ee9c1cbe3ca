import { createHash } from 'node:crypto'
import type { Segment } from '../../audience/segment.ts'
import { fileText } from '../../audience/store/catalog-files.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'

/** Catalog kinds of what happened to segments, by the segment's id. Only the desk holds them. */
export const REFRESH_KIND = 'segment_refresh'
export const SIGNATURE_KIND = 'label_signature'

/** When people were last put into a segment by an import; written once a day. */
export interface RefreshRecord {
  /** A day, UTC. */
  on: string
  /** Namespaces of their ids, each with the last day. */
  namespaces: Record<string, string>
}

/** That an owner stands by a label. */
export interface SignatureRecord {
  at: string
  /** Partner id; absent: an operator of the exchange. */
  by?: string
  /** Of the segment as it was signed. */
  digest: string
}

export function refreshOf(snapshot: CatalogSnapshot, id: string): RefreshRecord | undefined {
  return snapshot.kind(REFRESH_KIND).get(id)?.value as RefreshRecord | undefined
}

export function signatureOf(snapshot: CatalogSnapshot, id: string): SignatureRecord | undefined {
  return snapshot.kind(SIGNATURE_KIND).get(id)?.value as SignatureRecord | undefined
}

/** Names what a segment says of itself: any change of it is another one. */
export function definitionDigest({ number: _number, ...definition }: Segment): string {
  return createHash('sha256').update(fileText(definition)).digest('hex').slice(0, 32)
}
