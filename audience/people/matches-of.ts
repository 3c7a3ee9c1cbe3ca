import { type MatchesOut, readMatches } from '../../proto/edge-blob.ts'
import { isSuppressed } from '../../proto/suppression-mark.ts'
import { dayOf } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import { isLater, type Soon } from '../soon.ts'
import type { PersonRecord } from '../store/store.ts'
import { type EndRequest, isId, type LinkDeps, refOf } from './link.ts'

/** With which namespaces one id is matched: parallel arrays of `count` entries. */
export interface Matches extends MatchesOut {
  readonly count: number
  /** The id is to be left alone: it has no matches, and is to get none. */
  readonly isSuppressed: boolean
}

/**
 * The live matches of some ids, in the order asked; one that is no id, or a stranger, has none. At once
 * where the store has them at hand. Rejects where it is out of reach.
 */
export function matchesOf(deps: LinkDeps, ids: readonly EndRequest[]): Soon<Matches[]> {
  const today = dayOf(deps.clock.now())
  const sound = ids.filter(isId)
  const records = sound.length > 0 ? deps.store.recall(sound.map((id) => refOf(deps, id).key)) : []
  const answer = (found: (PersonRecord | undefined)[]) =>
    ids.map((id) => matchesIn(found[sound.indexOf(id)], today))
  return isLater(records) ? records.then(answer) : answer(records)
}

function matchesIn(record: PersonRecord | undefined, today: number): Matches {
  if (record === undefined) return NONE
  // The mark of the memberships is there first, that of the matches a moment later.
  return liveMatches(
    isSuppressed(record.profile, 0, record.profile.length) ? record.profile : record.edges,
    today,
  )
}

function liveMatches(blob: Uint8Array | undefined, today: number): Matches {
  if (blob === undefined || blob.length === 0) return NONE
  if (isSuppressed(blob, 0, blob.length)) return SUPPRESSED
  const count = readMatches(blob, today, scratch)
  const namespace = scratch.namespace.slice(0, count)
  return { count, isSuppressed: false, namespace, lastSeenDay: scratch.lastSeenDay.slice(0, count) }
}

const scratch = {
  namespace: new Int32Array(LIMITS.edgesPerIdMax),
  lastSeenDay: new Int32Array(LIMITS.edgesPerIdMax),
}
const NONE: Matches = {
  count: 0,
  isSuppressed: false,
  namespace: new Int32Array(0),
  lastSeenDay: new Int32Array(0),
}
const SUPPRESSED: Matches = { ...NONE, isSuppressed: true }
