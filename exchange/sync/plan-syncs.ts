import type { ConsentAnswer } from '../../audience/consent/reasons.ts'
import type { Matches } from '../../audience/people/matches-of.ts'
import type { CompiledPartner } from '../compile-partners.ts'
import type { Visit } from '../matchrates/match-counts.ts'
import type { AnswerRates } from './answer-rates.ts'
import type { Asks, Hour } from './asks.ts'
import type { Browser } from './browser.ts'
import type { Candidate } from './candidates.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { PlanReason } from './reasons.ts'
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

export interface LeftOut {
  name: string
  reason: PlanReason
  /** The word of consent, where that was it; the key, for a duplicate of another name. */
  detail?: string
}

/**
 * Which partners to sync now: tier by tier, in each those first from which most is to be expected (their
 * value, times the share of asks they answer), and by lot among equals. Everybody else is left out with a
 * reason. What is left out takes nothing from the limit.
 */
export function planSyncs(candidates: readonly Candidate[], situation: Situation): Choice {
  const { matches, eidMatches } = situation
  const isLeftAlone = [matches, ...eidMatches].some((one) => one.isSuppressed)
  const known = new Known(situation)
  const chosen: Fit[] = []
  const surplus: Fit[] = []
  const leftOut: LeftOut[] = []
  for (const one of candidates) {
    const reason = isLeftAlone ? SUPPRESSED : (unfit(one) ?? known.reasonAgainst(one))
    if (reason === undefined || !NO_VISITS.has(reason.reason)) known.tellVisit(one as Fit, reason)
    if (reason !== undefined) {
      leftOut.push({ name: one.name, ...reason })
      continue
    }
    one.lot = drawLot(one.syncer!, situation)
    place(chosen, one as Fit)
    if (chosen.length > situation.limit) surplus.push(chosen.pop()!)
  }
  return { chosen, leftOut, surplus }
}

/** Puts one where it belongs in a short list that is in order. */
function place(ordered: Fit[], one: Fit): void {
  let at = ordered.length
  while (at > 0 && comesBefore(one, ordered[at - 1]!)) {
    ordered[at] = ordered[at - 1]!
    at--
  }
  ordered[at] = one
}

function comesBefore(a: Candidate, b: Candidate): boolean {
  return a.tier === b.tier ? a.lot > b.lot : a.tier < b.tier
}

type Reason = Omit<LeftOut, 'name'>

/** Where a partner is left out for these, the visit was none of it: nobody wanted to sync it there. */
const NO_VISITS: ReadonlySet<string> = new Set<PlanReason>([
  'unknown',
  'not_configured',
  'duplicate',
  'filtered',
  'disabled',
  'regulation',
  'suppressed',
])

const SUPPRESSED: Reason = { reason: 'suppressed' }

/** A candidate that may be synced. */
type Fit = Candidate & { syncer: Syncer; template: SyncTemplate }

/** Weighted order without replacement (Efraimidis and Spirakis 2006): a heavier one is more likely to come first. */
function drawLot({ value, partner }: Syncer, { rates, kind, random }: Situation): number {
  const weight = value * rates.expected(partner.number, kind === 'returning')
  // Cubed, a heavier partner gets more than its share: most of what can be earned, and all are heard of.
  return Math.log(1 - random()) / (weight * weight * weight)
}

function unfit({ syncer, isKnown, isDuplicate, name, template }: Candidate): Reason | undefined {
  if (syncer === undefined) return because(isKnown ? 'not_configured' : 'unknown')
  if (isDuplicate) {
    const isOtherName = syncer.key !== name.toLowerCase()
    return because('duplicate', isOtherName ? syncer.key : undefined)
  }
  return template === undefined ? because('filtered') : undefined
}

function because(reason: PlanReason, detail?: string): Reason {
  return detail === undefined ? { reason } : { reason, detail }
}

/** The browser's matches by namespace, and what follows from them. */
class Known {
  readonly #situation: Situation
  /** Namespace → the day on which its match was last confirmed. */
  readonly #days = new Map<number, number>()
  readonly #byEid = new Set<number>()

  constructor(situation: Situation) {
    this.#situation = situation
    const { matches, eidMatches } = situation
    for (let i = 0; i < matches.count; i++) {
      const namespace = matches.namespace[i]!
      const day = Math.max(matches.lastSeenDay[i]!, this.#days.get(namespace) ?? 0)
      this.#days.set(namespace, day)
    }
    for (const { count, namespace } of eidMatches)
      for (let i = 0; i < count; i++) this.#byEid.add(namespace[i]!)
  }

  /** In Prebid Server's order, as far as it goes. */
  reasonAgainst({ syncer, consent }: Candidate): Reason | undefined {
    const one = syncer!
    const { asks, hour, kind } = this.#situation
    const { namespace, number } = one.partner
    const day = this.#days.get(namespace)
    if (day !== undefined) {
      asks.answered(number, day)
      if (!isDue(one, day, this.#situation)) return because('in_sync')
    }
    if (consent !== 0) return because('denied', consent satisfies ConsentAnswer)
    if (!one.isEnabled) return because('disabled')
    if (this.#isSkipped(one)) return because('regulation')
    if (kind !== 'returning' && this.#byEid.has(namespace)) return because('matched_by_eid')
    if (kind === 'blocked') return because('cookies_blocked')
    if (asks.isPausing(number, hour)) return because('pausing')
    return this.#isSilent(number) ? because('silent') : undefined
  }

  tellVisit({ syncer, consent }: Fit, reason: Reason | undefined): void {
    const { namespace } = syncer.partner
    const isCurrent = reason?.reason === 'in_sync' || reason?.reason === 'matched_by_eid'
    this.#situation.onVisit?.(syncer.partner, {
      isAllowed: consent === 0,
      isMatched: isCurrent || this.#days.has(namespace),
      isDue: !isCurrent,
    })
  }

  #isSkipped({ skipsGdpr, skipsSids }: Syncer): boolean {
    const { gdprApplies, gppSids } = this.#situation
    return (skipsGdpr && gdprApplies) || skipsSids.some((sid) => gppSids.includes(sid))
  }

  #isSilent(partner: number): boolean {
    const { rates, random } = this.#situation
    return rates.isSilent(partner) && random() * SYNC_LIMITS.silentAskEvery >= 1
  }
}

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
