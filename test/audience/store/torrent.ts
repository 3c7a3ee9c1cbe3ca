import { createHash } from 'node:crypto'
import type { CatalogWrite, UserKey } from '../../../audience/store/store.ts'

/** What the torrent of store-child.ts writes as its nth: a person, or every third time a record. */
export function keyOf(n: number | string): UserKey {
  return createHash('sha256').update(`key ${n}`).digest().subarray(0, 16)
}

export function recordOf(n: number): CatalogWrite {
  return { kind: 'segment', id: `s${n}`, value: { number: n } }
}
