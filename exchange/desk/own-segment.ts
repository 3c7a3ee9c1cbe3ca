import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import { type Actor, type DeskDeps, mustWriteFor, notFound, sees, snapshotOf } from './desk.ts'

/** A segment whose people are the caller's to know; with `isWritten` it must be its to change. Else refuses `not_found`. */
export function ownSegment(
  deps: DeskDeps,
  actor: Actor,
  { id, isWritten = false }: { id: string; isWritten?: boolean },
): Segment {
  const segment = snapshotOf(deps).kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
  if (!segment || !sees(actor, segment.owner)) throw notFound()
  if (isWritten) mustWriteFor(actor, segment.owner)
  return segment
}
