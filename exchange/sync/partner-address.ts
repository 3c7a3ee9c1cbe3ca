import type { BrowserNumber } from '../matchrates/browser-class.ts'
import { bindUid, MATCHED_BY_SYNC } from './bind-uid.ts'
import { browserValue } from './browser-cookie.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import type { TakeRefusal } from './reasons.ts'
import { secretsFor } from './secrets-for.ts'
import { settleState } from './spend-state.ts'
import type { Sync, SyncRooms } from './sync.ts'
import type { SyncTemplate } from './sync-template.ts'
import type { Syncer } from './syncers.ts'

export interface LedTo {
  syncer: Syncer
  template: SyncTemplate
  /** Our own id of the browser. */
  browser: Buffer
  browserClass: BrowserNumber
  /** Whether it had sent our cookie back when the partner was asked. */
  wasReturning: boolean
  /** Rides on to the partner, who brings it back. */
  state: string
  privacy: PrivacyMacros
}

/** `isNew`: the browser is known to the partner from now on. */
export type Led = { ok: true; url: string; isNew: boolean } | { ok: false; reason: TakeRefusal }

/**
 * The address a browser is led to, with our ids of it. A partner that sends nobody back knows the browser by
 * the pseudonym from then on, so that is its id here; where it cannot be kept, nobody is led there.
 */
export async function partnerAddress(sync: Sync, rooms: SyncRooms, led: LedTo): Promise<Led> {
  const { syncer, template, browser, state, privacy } = led
  const nowMs = sync.options.clock.now()
  const secrets = secretsFor(rooms, syncer, { browser, template, nowMs })
  const url = template.filled(privacy, state, secrets)
  if (template.comesBack) return { ok: true, url, isNew: false }
  const binding = {
    ...{ browser: browserValue(browser), uid: secrets.uid },
    ...{ method: MATCHED_BY_SYNC, owner: 0 },
  }
  const refusal = await bindUid(sync.options, syncer, binding)
  if (refusal !== undefined) return { ok: false, reason: refusal }
  return { ok: true, url, isNew: await isFirst(sync, rooms, led) }
}

/** Counted once for each state, however often the browser is led there with it. */
async function isFirst(
  { options, rates, counts }: Sync,
  { states }: SyncRooms,
  { syncer: { partner }, browser, browserClass, wasReturning, state }: LedTo,
): Promise<boolean> {
  const { clock, audience } = options
  const opened = states.open(state, browser, clock.now())
  if (typeof opened === 'string' || !(await settleState(audience.store.claims, opened)))
    return false
  rates.answered(partner.number, wasReturning)
  counts.matched(partner, browserClass)
  return true
}
