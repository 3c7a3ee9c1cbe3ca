import type { Audience } from '../../audience/audience.ts'
import { type Clock, DAY_MS } from '../../audience/clock.ts'
import { idForm } from '../../audience/namespace.ts'
import type { EndRequest } from '../../audience/people/link.ts'
import { claimId } from './claim-id.ts'
import { SYNC_LIMITS } from './limits.ts'

/** An id that may be found to be no person's. */
export interface WatchedId extends EndRequest {
  /** Number of the partner in whose matches alone it counts; absent: in everybody's, since the id is its own. */
  of?: number
}

interface QuarantineDeps {
  audience: Audience
  clock: Clock
}

/** Which ids are refused now, since they were found at too many people, in the order asked. */
export async function areQuarantined(
  { audience }: Pick<QuarantineDeps, 'audience'>,
  ids: readonly WatchedId[],
): Promise<boolean[]> {
  const held = await audience.store.claims.find(ids.map(claimOf))
  return held.map((word) => word !== undefined)
}

/** Refuses an id from now on, for SYNC_LIMITS.quarantineDays. */
export async function quarantine(
  { audience, clock }: QuarantineDeps,
  id: WatchedId,
): Promise<void> {
  const untilMs = clock.now() + SYNC_LIMITS.quarantineDays * DAY_MS
  await audience.store.claims.claim({ id: claimOf(id), word: Buffer.alloc(0), untilMs })
}

function claimOf({ namespace, value, of }: WatchedId): Buffer {
  const form = idForm(namespace, value)
  if (of === undefined) return claimId('quarantine', String(namespace), form)
  return claimId('quarantine of', String(of), String(namespace), form)
}
