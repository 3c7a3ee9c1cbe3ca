import type { ConsentReading } from '../../audience/consent/consent-reading.ts'
import type { ConsentReason } from '../../audience/consent/reasons.ts'
import { Asks, hourOf } from './asks.ts'
import { bindUid, MATCHED_BY_SYNC, MATCHED_UNKNOWN } from './bind-uid.ts'
import { type Browser, twinValue } from './browser.ts'
import { browserValue, newBrowserId, type OwnCookie, sealCookie } from './browser-cookie.ts'
import { claimId, claimWord } from './claim-id.ts'
import { SYNC_LIMITS } from './limits.ts'
import { isSigned, type SignedMatch } from './match-secret.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import type { MatchRefusal, TakeRefusal } from './reasons.ts'
import { redirectTarget } from './redirect-target.ts'
import { RouteLeader } from './route-leader.ts'
import { matchSecretsOf, pseudonymFor } from './secrets-for.ts'
import type { Sync, SyncRooms } from './sync.ts'
import { macrosOf, type Syncer } from './syncers.ts'
import { uidRefusal } from './uid-rules.ts'

/** What `/match` was called with. */
export interface MatchAsk {
  syncer: Syncer
  /** As they were signed. */
  match: SignedMatch
  signature: string
  /** '' where the browser is to stay. */
  redirect: string
  browser: Browser
  /** Read before this call returns, and not after. */
  consent: ConsentReading
  privacy: PrivacyMacros
  gppSids: readonly number[]
  /**
   * Told of a browser we had not met, before anything is kept of it: it needs its cookies where the store
   * fails too, since the signature holds from then on for this browser alone.
   */
  onMet: (cookies: NewCookies) => void
}

export type MatchOutcome =
  | { ok: true; location: string | undefined; isNew: boolean }
  | { ok: false; reason: MatchRefusal | TakeRefusal | ConsentReason | 'opted_out' }

/** Values to be set where we had not met the browser. */
export interface NewCookies {
  main?: string
  twin?: string
}

/**
 * A partner tells us its id of a browser that is on its page. Signed, it counts like a sync of our own, for
 * one browser. Unsigned, where the partner's settings admit that, it is the partner's own word: it never
 * replaces an id, and serves the partner's own segments only.
 */
export async function takeMatch(
  sync: Sync,
  rooms: SyncRooms,
  ask: MatchAsk,
): Promise<MatchOutcome> {
  const { syncer, match, browser } = ask
  const isOurs = isProven(sync, rooms, ask)
  const reason = refusalOf(sync, ask, isOurs)
  if (reason !== undefined || browser.kind === 'opted_out') return no(reason ?? 'opted_out')
  const leader = new RouteLeader(sync, rooms, { ...ask, browser, type: 'redirect' })
  const cookie = meet(sync, rooms, { browser, onMet: ask.onMet })
  if (cookie === undefined)
    return { ok: true, location: onward(rooms, ask, undefined), isNew: false }
  const value = browserValue(cookie.id)
  if (isOurs && !(await isOnlyHere(sync, match, value))) return no('signature_used')
  const refusal = await bindUid(sync.options, syncer, {
    browser: value,
    uid: match.uid,
    ...(isOurs
      ? { method: MATCHED_BY_SYNC, owner: 0 }
      : { method: MATCHED_UNKNOWN, owner: syncer.partner.number, isWeak: true }),
  })
  if (refusal !== undefined) return no(refusal)
  const location =
    onward(rooms, ask, cookie) ?? (await leader.next(cookie, 0).catch(() => undefined))
  return { ok: true, location, isNew: true }
}

function refusalOf(sync: Sync, ask: MatchAsk, isOurs: boolean) {
  const { syncer, match, redirect, browser, consent } = ask
  if (browser.kind === 'opted_out') return 'opted_out'
  const denied = sync.consentOf(consent, syncer)
  if (denied !== 0) return denied
  if (!syncer.isEnabled) return 'partner_paused'
  if (redirect !== '' && redirectTarget(redirect, syncer.redirectHosts, '') === undefined)
    return 'redirect_refused'
  if (!isOurs && !syncer.admitsUnsigned) return 'unsigned'
  return uidRefusal(match.uid, macrosOf(syncer.partner.sync))
}

function isProven(sync: Sync, rooms: SyncRooms, { syncer, match, signature }: MatchAsk): boolean {
  const nowMs = sync.options.clock.now()
  return isSigned(matchSecretsOf(rooms, syncer), match, { signature, nowMs })
}

/** Who the visitor is; undefined where the browser would not keep it: what is matched then is lost at once. */
function meet(
  { options }: Sync,
  { keys }: SyncRooms,
  {
    browser,
    onMet,
  }: Pick<MatchAsk, 'onMet'> & { browser: Exclude<Browser, { kind: 'opted_out' }> },
): OwnCookie | undefined {
  if (browser.kind === 'returning') return browser.cookie
  if (browser.kind === 'blocked') return undefined
  const nowMs = options.clock.now()
  const cookie = { id: newBrowserId(), issuedHour: hourOf(nowMs), asks: new Asks() }
  onMet({ main: sealCookie(keys, cookie), twin: twinValue(nowMs) })
  return cookie
}

/** A signature is for the browser it is first used in: copied into other pages it binds nobody else. */
async function isOnlyHere(
  { options }: Sync,
  { p, uid, ts }: SignedMatch,
  browser: string,
): Promise<boolean> {
  const id = claimId('match', p, uid, ts)
  const untilMs = Number(ts) * 1000 + SYNC_LIMITS.signatureSkewMs + 1000
  const word = claimWord(browser)
  const held = await options.audience.store.claims.claim({ id, word, untilMs })
  return held.first || held.word.equals(word)
}

function onward(
  { keys }: SyncRooms,
  { syncer, redirect }: MatchAsk,
  cookie: OwnCookie | undefined,
): string | undefined {
  if (redirect === '') return undefined
  const uid = cookie === undefined ? '' : pseudonymFor(keys, syncer, cookie.id)
  return redirectTarget(redirect, syncer.redirectHosts, uid)
}

function no(reason: Extract<MatchOutcome, { ok: false }>['reason']): MatchOutcome {
  return { ok: false, reason }
}
