import { type BidFacts, Kind } from './bid-facts.ts'
import { LIMITS } from './limits.ts'
import { beginNotes, hasRequestId, noteClosed, noteOpened, noteScalar } from './note-value.ts'
import type { RequestPlaces } from './request-places.ts'
import {
  CORE_TOO_DEEP,
  EVENT_CLOSED,
  EVENT_NUMBERS,
  EVENT_OPENED,
  events,
  scanCore,
} from './scan-core.ts'
import { ScanOutcome } from './scan-outcome.ts'

/**
 * Reads one OpenRTB bid request in one pass: refuses what RFC 8259 refuses (and what is nested deeper
 * than 64), and fills `facts` and `places` with where things stand in `bytes`. Both are forgotten
 * first, and hold nothing reliable unless the answer is `ok`. Allocates nothing.
 */
export function scanRequest(
  bytes: Uint8Array,
  facts: BidFacts,
  places: RequestPlaces,
): ScanOutcome {
  facts.reset(bytes)
  places.reset()
  if (bytes.length > LIMITS.jsonBytesMax) return ScanOutcome.tooLong
  const count = scanCore(bytes)
  if (count < 0) return count === CORE_TOO_DEEP ? ScanOutcome.tooDeep : ScanOutcome.malformed
  beginNotes(facts, places)
  for (let i = 0; i < count * EVENT_NUMBERS; i += EVENT_NUMBERS) {
    const head = events[i]!
    note(head & 0xff, head >> 8, events[i + 1]!, events[i + 2]!)
  }
  if (places.root.kind !== Kind.object) return ScanOutcome.notObject
  return hasRequestId() ? ScanOutcome.ok : ScanOutcome.noId
}

function note(node: number, kind: number, start: number, end: number): void {
  if (kind === EVENT_OPENED) noteOpened(node, start)
  else if (kind === EVENT_CLOSED) noteClosed(node, start, end)
  else noteScalar(node, kind as Kind, start, end)
}
