import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { staleBecause } from '../label/stale-because.ts'
import { because } from './check-offer.ts'
import { refuseAll } from './write-record.ts'

/**
 * Refuses (`unprocessable`) to publish segments whose data label is stale. A label gets stale with time: those
 * that were published `before` go on, so that what else is said of them can be changed.
 */
export function refuseStaleLabels(
  snapshot: CatalogSnapshot,
  { segments, before = [] }: { segments: readonly string[]; before?: readonly string[] },
  nowMs: number,
): void {
  const known = new Set(before)
  refuseAll(
    'unprocessable',
    segments.flatMap((id, i) => {
      const reason = known.has(id) ? undefined : staleLabel(snapshot, id, nowMs)
      return reason ? [{ field: `segments.${i}`, reason }] : []
    }),
  )
}

function staleLabel(snapshot: CatalogSnapshot, id: string, nowMs: number): string | undefined {
  const segment = snapshot.kind('segment').get(id)?.value as Segment | undefined
  const stale = segment ? staleBecause(snapshot, { id, segment }, nowMs) : []
  if (stale.length === 0) return undefined
  const said = stale.map(({ reason, says }) => `${reason}, ${says}`)
  return because('label_stale', `the data label of ${id} is stale: ${said.join('; ')}`)
}
