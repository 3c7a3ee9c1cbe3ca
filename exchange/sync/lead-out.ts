import type { ConsentReading } from '../../audience/consent/consent-reading.ts'
import type { ConsentReason } from '../../audience/consent/reasons.ts'
import { bindUid, MATCHED_BY_SYNC } from './bind-uid.ts'
import type { Browser } from './browser.ts'
import { browserValue } from './browser-cookie.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import type { TakeRefusal } from './reasons.ts'
import { secretsFor } from './secrets-for.ts'
import type { Sync, SyncRooms } from './sync.ts'
import type { SyncTemplate } from './sync-template.ts'
import type { Syncer } from './syncers.ts'
import { openState } from './take-uid.ts'

export interface LeadAsk {
  syncer: Syncer
  template: SyncTemplate
  /** As it stood in our own address; it rides on to the partner, who brings it back. */
  state: string
  browser: Browser
  consent: ConsentReading
  privacy: PrivacyMacros
}

export type LeadOutcome =
  | { ok: true; url: string }
  | { ok: false; reason: TakeRefusal | ConsentReason | 'opted_out' }

/**
 * Leads a browser to a partner whose address carries our pseudonym: a page that was shown the address itself
 * could read it. A partner that sends nobody back knows the browser by the pseudonym from then on, so that
 * is its id here.
 */
export async function leadOut(sync: Sync, rooms: SyncRooms, ask: LeadAsk): Promise<LeadOutcome> {
  const { syncer, template, state, browser, consent, privacy } = ask
  if (browser.kind === 'opted_out') return { ok: false, reason: 'opted_out' }
  const denied = sync.consentOf(consent, syncer)
  if (denied !== 0) return { ok: false, reason: denied }
  if (browser.kind !== 'returning') return { ok: false, reason: 'no_cookie' }
  const { id } = browser.cookie
  const opened = openState(sync, rooms, { state, syncer }, id)
  if (typeof opened === 'string') return { ok: false, reason: opened }
  const nowMs = sync.options.clock.now()
  const secrets = secretsFor(rooms, syncer, { browser: id, template, nowMs })
  if (!template.comesBack) {
    const { uid } = secrets
    const binding = { browser: browserValue(id), uid, method: MATCHED_BY_SYNC, owner: 0 }
    const refusal = await bindUid(sync.options, syncer, binding)
    if (refusal !== undefined) return { ok: false, reason: refusal }
    sync.rates.answered(opened.partner, opened.wasReturning)
  }
  return { ok: true, url: template.filled(privacy, state, secrets) }
}
