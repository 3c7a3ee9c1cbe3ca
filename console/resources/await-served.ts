import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../audience/clock.ts'
import type { Presence, PresenceStore, ProcessName } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'

/** Which processes, of all instances on the store, have taken over a catalog version. */
export interface Served {
  /** `ms`: from `sinceMs` until this desk read it, so the process had it a little earlier. */
  acknowledged: (ProcessName & { ms: number })[]
  /** Those that did not say so in time. What they share ends by itself (catalogConfirmWithinMs). */
  unconfirmed: ProcessName[]
}

/** Where the store cannot say who is at work: somebody may be. */
const UNKNOWN: ProcessName = { instance: 'unknown', process: 'unknown' }

/**
 * Waits until every process at work serves `version` or a later one, at most LIMITS.ackWaitMsMax from
 * `sinceMs` (clock.elapsed()). Never rejects: the write it waits for is done, whatever becomes of this.
 */
export async function awaitServed(
  presence: PresenceStore,
  { version, sinceMs, clock }: { version: number; sinceMs: number; clock: Clock },
): Promise<Served> {
  const servedMs = new Map<string, number>()
  let present: readonly Presence[] | undefined
  for (;;) {
    present = await presence.present().catch(() => present)
    const ms = Math.round(clock.elapsed() - sinceMs)
    for (const one of present ?? [])
      if (one.version >= version && !servedMs.has(nameOf(one))) servedMs.set(nameOf(one), ms)
    const isComplete = present?.every((one) => servedMs.has(nameOf(one)))
    if (isComplete || ms >= LIMITS.ackWaitMsMax) return sortedOut(present, servedMs)
    await sleep(LIMITS.ackPollMs)
  }
}

function sortedOut(
  present: readonly Presence[] | undefined,
  servedMs: ReadonlyMap<string, number>,
): Served {
  const served: Served = { acknowledged: [], unconfirmed: present ? [] : [UNKNOWN] }
  for (const one of present ?? []) {
    const { instance, process } = one
    const ms = servedMs.get(nameOf(one))
    if (ms === undefined) served.unconfirmed.push({ instance, process })
    else served.acknowledged.push({ instance, process, ms })
  }
  const byName = (a: ProcessName, b: ProcessName) => (nameOf(a) < nameOf(b) ? -1 : 1)
  served.acknowledged.sort(byName)
  served.unconfirmed.sort(byName)
  return served
}

function nameOf({ instance, process }: ProcessName): string {
  return `${instance} ${process}`
}
