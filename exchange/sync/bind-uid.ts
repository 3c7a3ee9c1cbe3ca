import type { Audience } from '../../audience/audience.ts'
import { type Clock, DAY_MS, dayOf } from '../../audience/clock.ts'
import { expiryDayOf } from '../../audience/people/memberships.ts'
import type { ClaimStore } from '../../audience/store/claim-store.ts'
import { claimId, claimWord } from './claim-id.ts'
import { SYNC_LIMITS } from './limits.ts'
import { areQuarantined, quarantine } from './quarantine.ts'
import { type TakeRefusal, takeRefusalOf } from './reasons.ts'
import type { Syncer } from './syncers.ts'

export interface UidToBind {
  /** Value of the browser in its namespace. */
  browser: string
  uid: string
  /** AdCOM ID match method. */
  method: number
  /** Number of the partner that says so without proof; 0: the exchange itself knows. */
  owner: number
  /** Never replaces a value. */
  isWeak?: boolean
  /** What is asked elsewhere meanwhile: where it is a refusal, nothing is bound. */
  refused?: Promise<TakeRefusal | undefined>
}

/** AdCOM 1.0 list "ID Match Methods": 2 browser cookie sync, 0 unknown. */
export const MATCHED_BY_SYNC = 2
export const MATCHED_UNKNOWN = 0

/**
 * Binds a browser to one partner's id for it, under the rules that keep match tables clean: an id found at
 * too many browsers is taken from all of them and refused for a month, and a browser whose id changes too
 * often keeps the one it has. All that is asked of the store is asked at once. Undefined once the match is durable, or why there is none.
 */
export async function bindUid(
  { audience, clock }: { audience: Audience; clock: Clock },
  { partner, ttlDays, browsersMax }: Syncer,
  { browser, uid, method, owner, isWeak = false, refused = NOT_REFUSED }: UidToBind,
): Promise<TakeRefusal | undefined> {
  const { claims } = audience.store
  const { namespace } = partner
  const id = { namespace, value: uid }
  const counted = Number.isFinite(browsersMax)
  const isQuarantined = counted && areQuarantined({ audience, clock }, [id]).then(([held]) => held)
  const nowMs = clock.now()
  const outcome = await audience.bind({
    browser,
    id,
    owner,
    method,
    expiryDay: expiryDayOf(nowMs, ttlDays),
    isWeak,
    browsersMax,
    admitted: Promise.all([refused, isQuarantined]).then(([no, not]) => no === undefined && !not),
    mayReplace: () => mayChange(claims, nowMs, [browser, String(namespace), uid]),
  })
  if (outcome.ok) return undefined
  if (outcome.reason === 'hot_id') await quarantine({ audience, clock }, id, 'browsers')
  if (outcome.reason === 'not_admitted') return (await refused) ?? 'quarantined'
  return takeRefusalOf(outcome.reason)
}

const NOT_REFUSED = Promise.resolve(undefined)

/** Each other value a browser takes in a namespace fills one of the day's places; the same one fills none twice. */
async function mayChange(
  claims: ClaimStore,
  nowMs: number,
  [browser, namespace, uid]: readonly [string, string, string],
): Promise<boolean> {
  const day = dayOf(nowMs)
  const word = claimWord(uid)
  for (let place = 0; place < SYNC_LIMITS.changesPerDayMax; place++) {
    const id = claimId('change', browser, namespace, `${day} ${place}`)
    const held = await claims.claim({ id, word, untilMs: (day + 1) * DAY_MS })
    if (held.first || held.word.equals(word)) return true
  }
  return false
}
