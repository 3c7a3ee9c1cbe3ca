import type { ConsentAnswer } from '../../audience/consent/reasons.ts'
import type { Matches } from '../../audience/people/matches-of.ts'
import type { CompiledPartner } from '../compile-partners.ts'
import type { Visit } from '../matchrates/match-counts.ts'
import type { AnswerRates } from './answer-rates.ts'
import type { Asks, Hour } from './asks.ts'
import type { Browser } from './browser.ts'
import type { Candidate, Fit, Unsynced } from './candidates.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { LineUp } from './line-up.ts'
import type { PlanReason } from './reasons.ts'
import type { Syncer } from './syncers.ts'

/** What is known of the browser, and of the moment. */
export interface Situation {
  kind: Exclude<Browser['kind'], 'opted_out'>
  /** Our own id of the browser; gives each match a moment of its own to be renewed at. */
  id: Buffer
  today: number
  hour: Hour
  asks: Asks
  /** What consent says of each candidate, by its place. */
  consents: readonly ConsentAnswer[]
  /** What the browser is matched with. */
  matches: Matches
  /** What the ids in `eids` are matched with. */
  eidMatches: readonly Matches[]
  rates: AnswerRates
  gdprApplies: boolean
  gppSids: readonly number[]
  /** Most syncs to choose. */
  limit: number
  /** 0 ≤ x < 1 */
  random: () => number
  /** The order of all, where nobody who fits is beyond the limit; absent: it is drawn for this visitor alone. */
  lineUp?: () => LineUp
  /** Told of each partner that could be synced here, for match rates. */
  onVisit?: (partner: CompiledPartner, visit: Visit) => void
}

export interface Choice {
  chosen: readonly Fit[]
  /** Whose `all` are chosen, where they are everybody in one. */
  lineUp: LineUp | undefined
  leftOut: LeftOut[]
  /** Who would be synced but for the limit. */
  surplus: readonly Fit[]
}

export interface LeftOut {
  name: string
  reason: PlanReason
  /** As Unsynced has it. */
  detail?: string | undefined
}

/**
 * Which partners to sync now: tier by tier, in each those first from which most is to be expected (their
 * value, times the share of asks they answer), and by lot among equals. Everybody else is left out with a
 * reason. What is left out takes nothing from the limit.
 */
export function planSyncs(candidates: readonly Candidate[], situation: Situation): Choice {
  const { matches, eidMatches, consents, limit } = situation
  const isLeftAlone = matches.isSuppressed || eidMatches.some((one) => one.isSuppressed)
  const known = { days: daysIn(matches), byEid: namespacesIn(eidMatches), situation }
  const isFit = new Uint8Array(candidates.length)
  let fits = 0
  const leftOut: LeftOut[] = []
  for (let i = 0; i < candidates.length; i++) {
    const one = candidates[i]!
    const why = isLeftAlone ? SUPPRESSED : (one.unfit ?? visit(one as Fit, consents[i]!, known))
    if (why === undefined) {
      isFit[i] = 1
      fits++
    } else leftOut.push({ name: one.name, reason: why.reason, detail: why.detail })
  }
  if (fits > limit || situation.lineUp === undefined)
    return { ...drawn(candidates, isFit, situation), lineUp: undefined, leftOut }
  const lineUp = situation.lineUp()
  const chosen = lineUp.marked(isFit, fits)
  return { chosen, lineUp: chosen === lineUp.all ? lineUp : undefined, leftOut, surplus: NOBODY }
}

const NOBODY: readonly Fit[] = []

/** By lot, as many as the limit lets; of those that fit. */
function drawn(candidates: readonly Candidate[], isFit: Uint8Array, situation: Situation): Drawn {
  const drawn = new Drawn(situation.limit)
  for (let i = 0; i < candidates.length; i++)
    if (isFit[i] === 1) drawn.take(candidates[i] as Fit, lotOf(candidates[i] as Fit, situation))
  return drawn
}

/**
 * Weighted order without replacement (Efraimidis and Spirakis 2006): a heavier one is more likely to come first.
 * Cubed, it gets more than its share: most of what can be earned, and all are heard of.
 */
export function lotOf(
  { syncer: { value, partner } }: Fit,
  { rates, kind, random }: Pick<Situation, 'rates' | 'kind' | 'random'>,
): number {
  const weight = value * rates.expected(partner.number, kind === 'returning')
  return Math.log(1 - random()) / (weight * weight * weight)
}

/** The best of all that were taken, in order, up to a limit. */
class Drawn {
  readonly chosen: Fit[] = []
  readonly surplus: Fit[] = []
  /** Of each that is chosen; within a tier the highest comes first. */
  readonly lots: number[] = []
  readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** As many are chosen as may be, and all of them come before it. */
  #isBehind({ tier }: Fit, lot: number): boolean {
    const { limit } = this
    if (this.chosen.length < limit) return false
    if (limit === 0) return true
    const last = this.chosen[limit - 1]!.tier
    return last < tier || (last === tier && this.lots[limit - 1]! >= lot)
  }

  take(one: Fit, lot: number): void {
    const { chosen, lots, limit, surplus } = this
    if (this.#isBehind(one, lot)) {
      surplus.push(one)
      return
    }
    if (chosen.length === limit) surplus.push(chosen[limit - 1]!)
    let at = Math.min(chosen.length, limit - 1)
    for (; at > 0; at--) {
      const before = chosen[at - 1]!
      if (before.tier < one.tier || (before.tier === one.tier && lots[at - 1]! >= lot)) break
      chosen[at] = before
      lots[at] = lots[at - 1]!
    }
    chosen[at] = one
    lots[at] = lot
  }
}

/** A situation, and what follows from the browser's matches. */
interface Known {
  situation: Situation
  /** Namespace → the day on which its match was last confirmed. */
  days: ReadonlyMap<number, number>
  /** Namespaces with which an id of `eids` is matched. */
  byEid: ReadonlySet<number>
}

/** Why a partner is not to be synced now; the visit is told for match rates, where it could be at all. */
function visit({ syncer }: Fit, consent: ConsentAnswer, known: Known): Unsynced | undefined {
  const { partner } = syncer
  const why = reasonAgainst(syncer, consent, known)
  if (why === DISABLED || why === REGULATION) return why
  const isCurrent = why === IN_SYNC || why === MATCHED_BY_EID
  const isMatched = isCurrent || (known.days.size > 0 && known.days.has(partner.namespace))
  const { onVisit } = known.situation
  if (onVisit !== undefined)
    onVisit(partner, VISITS[(consent === 0 ? 4 : 0) | (isMatched ? 2 : 0) | (isCurrent ? 0 : 1)]!)
  return why
}

/** Every visit there can be: one of them is told of each partner at each request. */
const VISITS: readonly Visit[] = Array.from({ length: 8 }, (_, bits) => ({
  ...{ isAllowed: (bits & 4) !== 0, isMatched: (bits & 2) !== 0, isDue: (bits & 1) !== 0 },
}))

/** In Prebid Server's order, as far as it goes. */
function reasonAgainst(
  syncer: Syncer,
  consent: ConsentAnswer,
  { days, byEid, situation }: Known,
): Unsynced | undefined {
  const { asks, hour, kind, rates, random } = situation
  const { namespace, number } = syncer.partner
  const day = days.size > 0 ? days.get(namespace) : undefined
  if (day !== undefined) {
    asks.answered(number, day)
    if (!isDue(syncer, day, situation)) return IN_SYNC
  }
  if (consent !== 0) return { reason: 'denied', detail: consent }
  if (!syncer.isEnabled) return DISABLED
  if (isSkipped(syncer, situation)) return REGULATION
  if (kind !== 'returning' && byEid.has(namespace)) return MATCHED_BY_EID
  if (kind === 'blocked') return COOKIES_BLOCKED
  if (asks.size > 0 && asks.isPausing(number, hour)) return PAUSING
  const isLetBe = rates.isSilent(number) && random() * SYNC_LIMITS.silentAskEvery >= 1
  return isLetBe ? SILENT : undefined
}

function isSkipped({ skipsGdpr, skipsSids }: Syncer, { gdprApplies, gppSids }: Situation): boolean {
  if (skipsGdpr && gdprApplies) return true
  return skipsSids.length > 0 && skipsSids.some((sid) => gppSids.includes(sid))
}

const SUPPRESSED: Unsynced = { reason: 'suppressed' }
const IN_SYNC: Unsynced = { reason: 'in_sync' }
const DISABLED: Unsynced = { reason: 'disabled' }
const REGULATION: Unsynced = { reason: 'regulation' }
const MATCHED_BY_EID: Unsynced = { reason: 'matched_by_eid' }
const COOKIES_BLOCKED: Unsynced = { reason: 'cookies_blocked' }
const PAUSING: Unsynced = { reason: 'pausing' }
const SILENT: Unsynced = { reason: 'silent' }

function daysIn({ count, namespace, lastSeenDay }: Matches): ReadonlyMap<number, number> {
  if (count === 0) return NO_DAYS
  const days = new Map<number, number>()
  for (let i = 0; i < count; i++)
    days.set(namespace[i]!, Math.max(lastSeenDay[i]!, days.get(namespace[i]!) ?? 0))
  return days
}

function namespacesIn(matches: readonly Matches[]): ReadonlySet<number> {
  if (matches.length === 0) return NO_NAMESPACES
  const all = new Set<number>()
  for (const { count, namespace } of matches) for (let i = 0; i < count; i++) all.add(namespace[i]!)
  return all
}

const NO_DAYS: ReadonlyMap<number, number> = new Map()
const NO_NAMESPACES: ReadonlySet<number> = new Set()

/** Renewed at a moment between 50 and 75 % of its life that is its own, so that not all fall due at once. */
function isDue(syncer: Syncer, lastSeenDay: number, { id, today }: Situation): boolean {
  const { refreshFrom, refreshTo } = SYNC_LIMITS
  const share =
    refreshFrom + (refreshTo - refreshFrom) * jitter(id, syncer.partner.number, lastSeenDay)
  return today - lastSeenDay >= Math.max(1, Math.ceil(syncer.ttlDays * share))
}

/** 0 ≤ x < 1, the same for the same match. */
function jitter(id: Buffer, partner: number, day: number): number {
  let mixed = id.readInt32LE(0) ^ Math.imul(partner, 0x9e3779b1) ^ Math.imul(day, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed ^= mixed >>> 13
  return (mixed >>> 0) / 2 ** 32
}
