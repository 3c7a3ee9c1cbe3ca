import { bindUid, MATCHED_BY_SYNC } from './bind-uid.ts'
import { browserValue } from './browser-cookie.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import type { TakeRefusal } from './reasons.ts'
import { secretsFor } from './secrets-for.ts'
import type { Sync, SyncRooms } from './sync.ts'
import type { SyncTemplate } from './sync-template.ts'
import type { Syncer } from './syncers.ts'

export interface LedTo {
  syncer: Syncer
  template: SyncTemplate
  /** Our own id of the browser. */
  browser: Buffer
  /** Whether it had sent our cookie back when the partner was asked. */
  wasReturning: boolean
  /** Rides on to the partner, who brings it back. */
  state: string
  privacy: PrivacyMacros
}

/**
 * The address a browser is led to, with our ids of it. A partner that sends nobody back knows the browser by
 * the pseudonym from then on, so that is its id here; where it cannot be kept, nobody is led there.
 */
export async function partnerAddress(
  { options, rates }: Sync,
  rooms: SyncRooms,
  { syncer, template, browser, wasReturning, state, privacy }: LedTo,
): Promise<{ ok: true; url: string } | { ok: false; reason: TakeRefusal }> {
  const secrets = secretsFor(rooms, syncer, { browser, template, nowMs: options.clock.now() })
  if (!template.comesBack) {
    const { uid } = secrets
    const binding = { browser: browserValue(browser), uid, method: MATCHED_BY_SYNC, owner: 0 }
    const refusal = await bindUid(options, syncer, binding)
    if (refusal !== undefined) return { ok: false, reason: refusal }
    rates.answered(syncer.partner.number, wasReturning)
  }
  return { ok: true, url: template.filled(privacy, state, secrets) }
}
