import type { KindRecords } from '../audience/store/catalog-snapshot.ts'
import { LayeredMap } from '../audience/store/layered-map.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import { byRecord } from './by-record.ts'
import { type Groups, regroup } from './groups.ts'

/** A segment as entitlements see it. */
export interface CompiledSegment {
  readonly id: string
  readonly number: number
  /** Partner id. */
  readonly owner: string
  readonly taxonomy: { readonly segtax: number; readonly id: string } | undefined
}

export interface Segments {
  readonly records: KindRecords
  readonly byId: LayeredMap<string, CompiledSegment>
  readonly byNumber: LayeredMap<number, CompiledSegment>
  readonly byOwner: Groups<string, CompiledSegment>
}

const compiled = byRecord(({ id, value }: CatalogRecord): CompiledSegment => {
  const { number, owner, taxonomy } = value as CompiledSegment
  return { id, number, owner, taxonomy: taxonomy ?? undefined }
})

/** With `before`, at the cost of what changed since. */
export function compileSegments(records: KindRecords, before = NO_SEGMENTS): Segments {
  const gone: CompiledSegment[] = []
  const come: CompiledSegment[] = []
  for (const [, was, is] of before.records.differences(records)) {
    if (was) gone.push(compiled(was))
    if (is) come.push(compiled(is))
  }
  return {
    records,
    byId: before.byId.with([
      ...gone.map(({ id }) => [id, undefined] as const),
      ...come.map((segment) => [segment.id, segment] as const),
    ]),
    byNumber: before.byNumber.with([
      ...gone.map(({ number }) => [number, undefined] as const),
      ...come.map((segment) => [segment.number, segment] as const),
    ]),
    byOwner: regroup(before.byOwner, { gone, come }, (segment) => [segment.owner]),
  }
}

const NO_SEGMENTS: Segments = {
  records: LayeredMap.empty(),
  byId: LayeredMap.empty(),
  byNumber: LayeredMap.empty(),
  byOwner: LayeredMap.empty(),
}
