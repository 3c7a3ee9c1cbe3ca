import { readEdges } from '../../proto/edge-blob.ts'
import { readProfile } from '../../proto/profile-blob.ts'
import { isSuppressed } from '../../proto/suppression-mark.ts'
import { LIMITS } from '../limits.ts'
import type { KeyList } from './key-list.ts'
import { EDGES_MAX, type PersonView } from './person-view.ts'
import type { RecordSpan } from './record-span.ts'
import { KEY_WORDS, readKey } from './user-key.ts'

/**
 * Adds what one id's record says to the view, as far as it holds on `today`: memberships at `node`,
 * and matches; ids met for the first time become nodes. A suppressed one only says so. `nodes` holds the keys of the view's nodes.
 */
export function readRecord(
  span: RecordSpan,
  node: number,
  today: number,
  view: PersonView,
  nodes: KeyList,
): void {
  if (isSuppressed(span.bytes, span.start, span.end)) {
    view.isSuppressed = true
    return
  }
  const from = view.count
  view.count += readProfile(span.bytes, span.start, span.edgesStart, today, view, from)
  for (let i = from; i < view.count; i++) view.node[i] = node
  if (span.end === span.edgesStart) return
  const count = readEdges(span.bytes, span.edgesStart, span.end, today, found)
  for (let i = 0; i < count; i++) {
    readKey(span.bytes, otherKey, 0, found.keyAt[i]!)
    addEdge(view, node, nodes.add(otherKey, 0), i, span)
  }
  view.nodes = nodes.count
}

const found = {
  keyAt: new Int32Array(LIMITS.edgesPerIdMax),
  owner: new Int32Array(LIMITS.edgesPerIdMax),
  nameAt: new Int32Array(LIMITS.edgesPerIdMax),
}
const otherKey = new Uint32Array(KEY_WORDS)

/** A match is kept at both ends: it is taken where it is met first, which is at the lower node. */
function addEdge(view: PersonView, from: number, to: number, i: number, { bytes }: RecordSpan) {
  if (to < from || view.edges === EDGES_MAX) return
  view.edgeFrom[view.edges] = from
  view.edgeTo[view.edges] = to
  view.edgeOwner[view.edges] = found.owner[i]!
  if (view.names.isWanted) view.names.note(view.edges, to, { bytes, at: found.nameAt[i]! })
  view.edges++
}
