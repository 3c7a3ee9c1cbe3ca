import type { Browser } from '../../exchange/sync/browser.ts'
import type { Sync, SyncRooms } from '../../exchange/sync/sync.ts'
import type { SyncType } from '../../exchange/sync/sync-template.ts'
import type { Syncer } from '../../exchange/sync/syncers.ts'
import type { Ask } from '../http/door.ts'
import { cookieIn, MAIN_COOKIE, TWIN_COOKIE } from './cookies.ts'
import type { EdgeMetrics } from './edge-metrics.ts'
import { isGpcHeader, isGpcSaid, type PrivacyFields } from './privacy.ts'
import type { Query } from './query.ts'
import { EdgeRefused } from './reasons.ts'

/** What the handlers of the edge door share. */
export interface EdgeRoom {
  sync: Sync
  metrics: EdgeMetrics
  /** What the operators of UID2 and EUID show; undefined: no opt-outs are taken from them. */
  uid2OptOutToken: string | undefined
}

/** Request headers every sync route copies, and where each stands in `ask.headers`. */
export const EDGE_WANTS = ['cookie', 'user-agent', 'sec-gpc', 'origin', 'sec-fetch-site'] as const
const [COOKIE, USER_AGENT, SEC_GPC, SEC_FETCH_SITE] = [0, 1, 2, 4] as const
export const ORIGIN = 3

/** Refuses while the catalog or the keys are missing. */
export function roomsOf({ sync }: EdgeRoom): SyncRooms {
  const rooms = sync.rooms()
  if (rooms === undefined) throw new EdgeRefused('starting')
  return rooms
}

export function browserOf(
  { sync }: Pick<EdgeRoom, 'sync'>,
  rooms: SyncRooms,
  { headers }: Ask,
): Browser {
  const cookies = headers[COOKIE]!
  const [main, twin] = [cookieIn(cookies, MAIN_COOKIE), cookieIn(cookies, TWIN_COOKIE)]
  return sync.browser(rooms, { main, twin, userAgent: headers[USER_AGENT]! })
}

export function mainCookieOf({ headers }: Ask): string {
  return cookieIn(headers[COOKIE]!, MAIN_COOKIE)
}

export function userAgentOf({ headers }: Ask): string {
  return headers[USER_AGENT]!
}

export function originOf({ headers }: Pick<Ask, 'headers'>): string {
  return headers[ORIGIN]!
}

/** '' from browsers that do not say. */
export function fetchSiteOf({ headers }: Ask): string {
  return headers[SEC_FETCH_SITE]!
}

export function hasGpcHeader({ headers }: Ask): boolean {
  return isGpcHeader(headers[SEC_GPC]!)
}

/** Consent as a query carries it. */
export function privacyFieldsOf(ask: Ask, query: Query): PrivacyFields {
  return {
    gdpr: saidOnce(query, 'gdpr'),
    gdprConsent: saidOnce(query, 'gdpr_consent'),
    usPrivacy: saidOnce(query, 'us_privacy'),
    gpp: saidOnce(query, 'gpp'),
    gppSid: saidOnce(query, 'gpp_sid'),
    gpc: hasGpcHeader(ask) || query.all('gpc').some(isGpcSaid),
  }
}

/**
 * Partners put what they were told behind what we wrote into the address: empty says nothing, and of two
 * that contradict each other neither is taken for the person's word.
 */
function saidOnce(query: Query, name: string): string {
  const [said = '', ...others] = query.all(name)
  if (others.length > 0) throw new EdgeRefused('privacy_contradictory', name)
  return said
}

/** The partner a query names by id or syncer key. */
export function bidderOf(rooms: SyncRooms, query: Query): Syncer {
  const name = query.get('bidder')
  if (name === '') throw new EdgeRefused('bidder_missing')
  const syncer = rooms.syncers.find(name)
  if (syncer === undefined) throw new EdgeRefused('bidder_unknown')
  return syncer
}

/** What `f` asks for; where it says nothing, how the partner is loaded; undefined where that is neither. */
export function typeOf(query: Query, syncer: Syncer): SyncType | undefined {
  switch (query.get('f').toLowerCase()) {
    case 'i':
      return 'redirect'
    case 'b':
      return 'iframe'
    case '':
      return (syncer.redirect ?? syncer.iframe)?.type
    default:
      throw new EdgeRefused('format_invalid')
  }
}
