import type { Provenance } from '../../audience/provenance.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { basisOf, basisRecords } from './basis-of.ts'
import { liveFor } from './licences.ts'
import { segmentProvenance } from './provenance-of.ts'

/** What is told of a segment's making. */
export interface MadeOf {
  /** The weakest of what it is made of. */
  provenance: Provenance
  /** True where it is made of what is not licensed now: nobody is given it. */
  isDormant: boolean
}

export function madeOf(snapshot: CatalogSnapshot, id: string, nowMs: number): MadeOf {
  const records = basisRecords(snapshot)
  const { needs } = basisOf(records, id)
  const isDormant = needs.some((need) => liveFor(snapshot, need, nowMs) === undefined)
  return { provenance: segmentProvenance(records, id), isDormant }
}
