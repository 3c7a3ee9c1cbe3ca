import type { ConsentAnswer } from '../../audience/consent/reasons.ts'
import type { Matches } from '../../audience/people/matches-of.ts'
import type { CompiledPartner } from '../compile-partners.ts'
import type { Visit } from '../matchrates/match-counts.ts'
import type { AnswerRates } from './answer-rates.ts'
import type { Asks, Hour } from './asks.ts'
import type { Browser } from './browser.ts'
import type { Candidate, Unsynced } from './candidates.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { SyncTemplate } from './sync-template.ts'
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
  /** Told of each partner that could be synced here, for match rates. */
  onVisit?: (partner: CompiledPartner, visit: Visit) => void
}

export interface Choice {
  chosen: readonly Fit[]
  leftOut: LeftOut[]
  /** Who would be synced but for the limit. */
  surplus: readonly Fit[]
}

export interface LeftOut extends Unsynced {
  name: string
}

/** A candidate that may be synced. */
export type Fit = Candidate & { syncer: Syncer; template: SyncTemplate }

/**
 * Which partners to sync now: tier by tier, in each those first from which most is to be expected (their
 * value, times the share of asks they answer), and by lot among equals. Everybody else is left out with a
 * reason. What is left out takes nothing from the limit.
 */
export function planSyncs(candidates: readonly Candidate[], situation: Situation): Choice {
  const { matches, eidMatches, consents } = situation
  const isLeftAlone = matches.isSuppressed || eidMatches.some((one) => one.isSuppressed)
  const known = { days: daysIn(matches), byEid: namespacesIn(eidMatches) }
  const drawn: Drawn = { chosen: [], lots: [], surplus: [] }
  const leftOut: LeftOut[] = []
  for (let i = 0; i < candidates.length; i++) {
    const one = candidates[i]!
    const why = isLeftAlone
      ? SUPPRESSED
      : (one.unfit ?? visit(one as Fit, { consent: consents[i]!, known, situation }))
    if (why === undefined) take(drawn, one as Fit, situation)
    else leftOut.push({ name: one.name, ...why })
  }
  return { chosen: drawn.chosen, leftOut, surplus: drawn.surplus }
}

/** The best of all that were taken, in order. */
interface Drawn {
  chosen: Fit[]
  /** Of each that is chosen; within a tier the highest comes first. */
  lots: number[]
  surplus: Fit[]
}

function take({ chosen, lots, surplus }: Drawn, one: Fit, situation: Situation): void {
  const { limit } = situation
  const lot = drawLot(one.syncer, situation)
  let at = chosen.length
  while (at > 0 && isBehind(chosen[at - 1]!.tier, lots[at - 1]!, one.tier, lot)) at--
  if (at >= limit) {
    surplus.push(one)
    return
  }
  if (chosen.length === limit) surplus.push(chosen[limit - 1]!)
  for (let i = Math.min(chosen.length, limit - 1); i > at; i--) {
    chosen[i] = chosen[i - 1]!
    lots[i] = lots[i - 1]!
  }
  chosen[at] = one
  lots[at] = lot
}

function isBehind(tier: number, lot: number, otherTier: number, otherLot: number): boolean {
  return tier === otherTier ? otherLot > lot : otherTier < tier
}

/** Weighted order without replacement (Efraimidis and Spirakis 2006): a heavier one is more likely to come first. */
function drawLot({ value, partner }: Syncer, { rates, kind, random }: Situation): number {
  const weight = value * rates.expected(partner.number, kind === 'returning')
  // Cubed, a heavier partner gets more than its share: most of what can be earned, and all are heard of.
  return Math.log(1 - random()) / (weight * weight * weight)
}

/** What follows from the matches of a browser. */
interface Known {
  /** Namespace → the day on which its match was last confirmed. */
  days: ReadonlyMap<number, number>
  /** Namespaces with which an id of `eids` is matched. */
  byEid: ReadonlySet<number>
}

interface Met {
  consent: ConsentAnswer
  known: Known
  situation: Situation
}

/** Why a partner is not to be synced now; the visit is told for match rates, where it could be at all. */
function visit({ syncer }: Fit, met: Met): Unsynced | undefined {
  const { partner } = syncer
  const day = met.known.days.get(partner.namespace)
  const why = reasonAgainst(syncer, day, met)
  if (why === DISABLED || why === REGULATION) return why
  const isCurrent = why === IN_SYNC || why === MATCHED_BY_EID
  met.situation.onVisit?.(partner, {
    isAllowed: met.consent === 0,
    isMatched: isCurrent || day !== undefined,
    isDue: !isCurrent,
  })
  return why
}

/** In Prebid Server's order, as far as it goes. */
function reasonAgainst(
  syncer: Syncer,
  day: number | undefined,
  { consent, known, situation }: Met,
): Unsynced | undefined {
  const { asks, hour, kind, rates, random } = situation
  const { namespace, number } = syncer.partner
  if (day !== undefined) {
    asks.answered(number, day)
    if (!isDue(syncer, day, situation)) return IN_SYNC
  }
  if (consent !== 0) return { reason: 'denied', detail: consent }
  if (!syncer.isEnabled) return DISABLED
  if (isSkipped(syncer, situation)) return REGULATION
  if (kind !== 'returning' && known.byEid.has(namespace)) return MATCHED_BY_EID
  if (kind === 'blocked') return COOKIES_BLOCKED
  if (asks.isPausing(number, hour)) return PAUSING
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
