import type { ConsentReading } from '../../audience/consent/consent-reading.ts'
import type { ConsentReason } from '../../audience/consent/reasons.ts'
import type { Browser } from './browser.ts'
import { type Led, partnerAddress } from './partner-address.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import type { Sync, SyncRooms } from './sync.ts'
import type { SyncTemplate } from './sync-template.ts'
import type { Syncer } from './syncers.ts'
import { openState } from './take-uid.ts'

export interface LeadAsk {
  syncer: Syncer
  template: SyncTemplate
  /** As it stood in our own address: good for this step only, since the page that was given it can read it. */
  state: string
  browser: Browser
  consent: ConsentReading
  privacy: PrivacyMacros
}

export type LeadOutcome = Led | { ok: false; reason: ConsentReason | 'opted_out' }

/**
 * Leads a browser to a partner whose address carries our pseudonym: a page that was shown the address itself
 * could read it.
 */
export async function leadOut(sync: Sync, rooms: SyncRooms, ask: LeadAsk): Promise<LeadOutcome> {
  const { syncer, template, browser, consent, privacy } = ask
  if (browser.kind === 'opted_out') return { ok: false, reason: 'opted_out' }
  const denied = sync.consentOf(consent, syncer)
  if (denied !== 0) return { ok: false, reason: denied }
  if (browser.kind !== 'returning') return { ok: false, reason: 'no_cookie' }
  const { id } = browser.cookie
  const opened = openState(sync, rooms, { state: ask.state, syncer, isLeading: true }, id)
  if (typeof opened === 'string') return { ok: false, reason: opened }
  if (!syncer.partner.active) return { ok: false, reason: 'partner_paused' }
  const { wasReturning } = opened
  const state = rooms.states.ledBy(ask.state, id)
  return partnerAddress(sync, rooms, {
    syncer,
    template,
    browser: id,
    browserClass: browser.class,
    wasReturning,
    state,
    privacy,
  })
}
