import type { Bid } from './bid.ts'
import { forgetReached, segmentLeftOut } from './entitle.ts'
import type { SegmentLeftOut, SegmentNotThere } from './reasons.ts'

/** What became of one segment in a rehearsed request. */
export interface SegmentExplained {
  /** Why it is not written: a word of SegmentLeftOut, SegmentNotThere, Unenriched or ConsentReasons; '' where it is. */
  reason: string
  /** Id of the contract it is had under; undefined where there is none, or none is needed. */
  contract: string | undefined
}

/**
 * Asked of the same functions that chose the segments. In the same turn of the event loop as `choose`.
 */
export function explainSegment(bid: Bid, segment: number): SegmentExplained {
  const entitlement = bid.view?.entitlement(segment)
  return { reason: reasonOf(bid, segment), contract: entitlement?.use?.contract.id }
}

function reasonOf(bid: Bid, segment: number): string {
  const { person, view, reason } = bid
  if (view === undefined || person.nodes === 0) return reason
  forgetReached()
  let leftOut: SegmentLeftOut | undefined
  for (let i = 0; i < person.count; i++) {
    if (person.segment[i] !== segment) continue
    const word = segmentLeftOut(bid, view, i)
    // Of several ids one is enough; what speaks against all of it then speaks against this too.
    if (word === undefined) return reason
    leftOut ??= word
  }
  return leftOut ?? ('not_in_segment' satisfies SegmentNotThere)
}
