import type { ConsentReading } from '../../audience/consent/consent-reading.ts'
import type { ConsentReason } from '../../audience/consent/reasons.ts'
import { bindUid, MATCHED_BY_SYNC, type UidToBind } from './bind-uid.ts'
import type { Browser } from './browser.ts'
import { browserValue } from './browser-cookie.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import type { TakeRefusal } from './reasons.ts'
import { RouteLeader } from './route-leader.ts'
import { type StateUse, settleState, spendState } from './spend-state.ts'
import type { Sync, SyncRooms } from './sync.ts'
import type { SyncState } from './sync-state.ts'
import type { SyncType } from './sync-template.ts'
import { macrosOf, type Syncer } from './syncers.ts'
import { uidRefusal } from './uid-rules.ts'

/** What `/setuid` was called with. */
export interface TakeAsk {
  syncer: Syncer
  /** '' takes the browser's id of the partner away. */
  uid: string
  state: string
  browser: Browser
  /** Read before this call returns, and not after. */
  consent: ConsentReading
  privacy: PrivacyMacros
  gppSids: readonly number[]
  type: SyncType
}

/** `isNew`: an id was taken now. `next`: where a route leads the browser on to. */
export type TakeOutcome =
  | { ok: true; isNew: boolean; next?: string | undefined }
  | { ok: false; reason: TakeRefusal | ConsentReason | 'opted_out' }

/**
 * Takes a partner's id for a browser, once for each state: the same id again changes nothing and is no
 * error, another one is refused. Where the store failed underway, the same id is taken when it comes again.
 */
export async function takeUid(sync: Sync, rooms: SyncRooms, ask: TakeAsk): Promise<TakeOutcome> {
  const { syncer, browser, uid, consent } = ask
  if (browser.kind === 'opted_out') return no('opted_out')
  const denied = sync.consentOf(consent, syncer)
  if (denied !== 0) return no(denied)
  const sharing = rooms.syncers
    .sharing(syncer.key)
    .filter((one) => (one === syncer ? one.partner.active : isAsked(sync, consent, one)))
  if (sharing.length === 0) return no('partner_paused')
  const leader = new RouteLeader(sync, rooms, { ...ask, browser })
  if (browser.kind !== 'returning') return no('no_cookie')
  const state = openState(sync, rooms, ask, browser.cookie.id)
  if (typeof state === 'string') return no(state)
  const unfit = uid === '' ? undefined : uidRefusal(uid, macrosOf(syncer.partner.sync))
  if (unfit !== undefined) return no(unfit)
  const { audience } = sync.options
  const { claims } = audience.store
  const value = browserValue(browser.cookie.id)
  // What is known of the browser is read while the state is being spent, and nothing is written before it is.
  const spending = spendState(claims, state, uid)
  const binding = { browser: value, uid, method: MATCHED_BY_SYNC, owner: 0 }
  const [use, refusal] = await Promise.all([
    spending,
    uid === '' ? undefined : bindAll(sync, { sharing, syncer, binding, spending }),
  ])
  if (use === 'kept') return { ok: true, isNew: false }
  const reason = use === 'used' ? 'state_used' : refusal
  if (reason !== undefined) return no(reason)
  if (uid === '') {
    const namespaces = sharing.map((one) => one.partner.namespace)
    await audience.unbind(value, namespaces)
  }
  const isFirst = await settleState(claims, state)
  if (uid === '' || !isFirst) return { ok: true, isNew: false }
  sync.rates.answered(state.partner, state.wasReturning)
  sync.counts.matched(rooms.syncers.byNumber(state.partner)!.partner, browser.class)
  // The id is kept, whatever becomes of the way on.
  const next = await leader.next(browser.cookie, state.hop).catch(() => undefined)
  return { ok: true, isNew: true, next }
}

interface ToBind {
  sharing: readonly Syncer[]
  syncer: Syncer
  binding: UidToBind
  spending: Promise<StateUse>
}

/** Whose sync is switched off is asked for no more; what it was asked for may still arrive. */
function isAsked(sync: Sync, consent: ConsentReading, syncer: Syncer): boolean {
  return syncer.isEnabled && sync.consentOf(consent, syncer) === 0
}

/** One after another, since they are about one browser; why the one that came back was refused. */
async function bindAll(
  { options }: Sync,
  { sharing, syncer, spending, ...all }: ToBind,
): Promise<TakeRefusal | undefined> {
  const refused = spending.then((use) => (use === 'takes' ? undefined : 'state_used'))
  const binding = { ...all.binding, refused }
  const asked = syncer.partner.active ? syncer : sharing[0]
  for (const one of sharing) {
    const refusal = await bindUid(options, one, binding)
    if (refusal !== undefined && (one === asked || refusal === 'state_used')) return refusal
  }
  return undefined
}

export function openState(
  { options }: Sync,
  { states, syncers }: SyncRooms,
  { state, syncer, isLeading = false }: Pick<TakeAsk, 'state' | 'syncer'> & { isLeading?: boolean },
  browser: Buffer,
): SyncState | TakeRefusal {
  const opened = states.open(state, browser, options.clock.now())
  if (typeof opened === 'string') return opened
  const isForThis = syncers.byNumber(opened.partner)?.key === syncer.key
  if (!isForThis) return 'state_other_partner'
  return opened.isLeading === isLeading ? opened : 'state_other_step'
}

function no(reason: TakeRefusal | ConsentReason | 'opted_out'): TakeOutcome {
  return { ok: false, reason }
}
