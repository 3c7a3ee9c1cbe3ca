import { compactEdges } from '../../proto/edge-blob.ts'
import type { PersonRecord } from '../store/store.ts'
import { RecordSpan } from './record-span.ts'

/**
 * Brings what the store has of an id into the form recall reads: empty for a stranger. `named`: see
 * compactEdges.
 */
export function packRecord(
  record: PersonRecord | undefined,
  named?: ReadonlySet<number>,
): RecordSpan {
  const span = new RecordSpan()
  if (record === undefined) return span
  const { profile } = record
  // No day: what has ended is left out when the record is read, on whichever day that is.
  const edges = compactEdges(record.edges, 0, named)
  const bytes = new Uint8Array(profile.length + edges.length)
  bytes.set(profile)
  bytes.set(edges, profile.length)
  span.set(bytes, 0, { edgesStart: profile.length, end: bytes.length })
  return span
}
