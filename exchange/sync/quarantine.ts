import type { Audience } from '../../audience/audience.ts'
import { type Clock, DAY_MS } from '../../audience/clock.ts'
import { idForm, isContactHash } from '../../audience/namespace.ts'
import type { EndRequest } from '../../audience/people/link.ts'
import { claimId } from './claim-id.ts'
import { SYNC_LIMITS } from './limits.ts'

/** An id that may be found to be no person's. */
export interface WatchedId extends EndRequest {
  /** Number of the partner in whose matches alone it counts; absent: in everybody's, since the id is its own. */
  of?: number
}

/** From whom an id in quarantine is taken: browsers, or all whom the matches of the partner of a number join it with. */
export type TakenFrom = 'browsers' | number

interface QuarantineDeps {
  audience: Audience
  clock: Clock
}

/**
 * Which ids are refused now, since they were found at too many people, in the order asked. Where the store
 * failed before such an id was taken from those who had it, that is done first.
 */
export async function areQuarantined(
  deps: QuarantineDeps,
  ids: readonly WatchedId[],
): Promise<boolean[]> {
  const words = await deps.audience.store.claims.find(ids.map((id) => claimOf(deps.audience, id)))
  const held = ids.flatMap((id, i) => (words[i] === undefined ? [] : [{ id, word: words[i]! }]))
  if (held.length > 0) await makeWhole(deps, held)
  return words.map((word) => word !== undefined)
}

/** Refuses an id from now on, for SYNC_LIMITS.quarantineDays, and takes it from those who have it. */
export async function quarantine(
  deps: QuarantineDeps,
  id: WatchedId,
  from: TakenFrom,
): Promise<void> {
  const word = Buffer.from(String(from))
  const untilMs = untilMsOf(deps.clock)
  // First refused, then taken away: what comes in between is refused.
  await deps.audience.store.claims.claim({ id: claimOf(deps.audience, id), word, untilMs })
  await take(deps, id, from)
}

async function makeWhole(
  deps: QuarantineDeps,
  held: readonly { id: WatchedId; word: Buffer }[],
): Promise<void> {
  const taken = await deps.audience.store.claims.find(
    held.map(({ id }) => takenOf(deps.audience, id)),
  )
  for (const [i, { id, word }] of held.entries())
    if (taken[i] === undefined) await take(deps, id, fromIn(word))
}

async function take(
  { audience, clock }: QuarantineDeps,
  id: WatchedId,
  from: TakenFrom,
): Promise<void> {
  await audience.isolate(id, from === 'browsers' ? undefined : from)
  const done = { id: takenOf(audience, id), word: Buffer.alloc(0), untilMs: untilMsOf(clock) }
  await audience.store.claims.claim(done)
}

function fromIn(word: Buffer): TakenFrom {
  const text = word.toString()
  return /^\d+$/.test(text) ? Number(text) : 'browsers'
}

function untilMsOf(clock: Clock): number {
  return clock.now() + SYNC_LIMITS.quarantineDays * DAY_MS
}

function claimOf(audience: Audience, id: WatchedId): Buffer {
  return claimOn('quarantine', audience, id)
}

/** Says that the id was taken from those who had it. */
function takenOf(audience: Audience, id: WatchedId): Buffer {
  return claimOn('taken', audience, id)
}

/** A claim's id could be guessed from a list of addresses: those are named by their keys. */
function claimOn(what: string, audience: Audience, { namespace, value, of }: WatchedId): Buffer {
  const isContact = isContactHash(namespace)
  const form = isContact ? audience.hashOf({ namespace, value }) : idForm(namespace, value)
  if (of === undefined) return claimId(what, String(namespace), form)
  return claimId(`${what} of`, String(of), String(namespace), form)
}
