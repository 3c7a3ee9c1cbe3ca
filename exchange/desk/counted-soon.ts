import type { Reach } from '../../audience/reach/reach.ts'
import type { ReachIndex } from '../../audience/reach/reach-index.ts'
import { refuse } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import { orWhenLate } from './or-when-late.ts'

/**
 * Reach as it is now, to be used in the same turn. Refuses (`conflict`) where everybody is still being
 * counted and that takes longer than a caller should wait: it goes on meanwhile.
 */
export function countedSoon(reach: Reach): Promise<ReachIndex> {
  return orWhenLate(reach.upToDate(), LIMITS.reachWaitMsMax, () => refuseForNow(reach))
}

function refuseForNow(reach: Reach): never {
  const { ids, part } = reach.progress()
  const soFar = `${ids} ids so far${part ? `, reading ${part}` : ''}`
  throw refuse('conflict', '', `people are still being counted (${soFar}): ask again in a moment`)
}
