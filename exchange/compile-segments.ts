import type { CatalogRecord } from '../audience/store/store.ts'
import { byRecord } from './by-record.ts'

/** A segment as entitlements see it. */
export interface CompiledSegment {
  readonly id: string
  readonly number: number
  /** Partner id. */
  readonly owner: string
  readonly taxonomy: { readonly segtax: number; readonly id: string } | undefined
}

export interface Segments {
  readonly byId: ReadonlyMap<string, CompiledSegment>
  readonly byNumber: ReadonlyMap<number, CompiledSegment>
  readonly byOwner: ReadonlyMap<string, readonly CompiledSegment[]>
}

const compiled = byRecord(({ id, value }: CatalogRecord): CompiledSegment => {
  const { number, owner, taxonomy } = value as CompiledSegment
  return { id, number, owner, taxonomy: taxonomy ?? undefined }
})

export function compileSegments(records: ReadonlyMap<string, CatalogRecord>): Segments {
  const byId = new Map<string, CompiledSegment>()
  const byNumber = new Map<number, CompiledSegment>()
  const byOwner = new Map<string, CompiledSegment[]>()
  for (const record of records.values()) {
    const segment = compiled(record)
    byId.set(segment.id, segment)
    byNumber.set(segment.number, segment)
    const owned = byOwner.get(segment.owner)
    if (owned) owned.push(segment)
    else byOwner.set(segment.owner, [segment])
  }
  return { byId, byNumber, byOwner }
}
