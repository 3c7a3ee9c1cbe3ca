import type { Moment } from '../../proto/history-blob.ts'
import { type PersonKnown, shownOf } from './evaluate-person.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { OwnerRules } from './rule-book.ts'
import { type WalkDeps, walkPeople } from './walk-people.ts'

/** Trait ids by which a campaign is counted; one that is absent is not counted. */
export interface CampaignTraits {
  sent?: string
  bounced?: string
  delivered?: string
  clicked?: string
  booked?: string
  redeemed?: string
  impressions?: string
  converted?: string
  /** Shown by who was left out on purpose. */
  control?: string
}

export interface CampaignAsked {
  traits: CampaignTraits
  /** Number of the segment by rule of whom no impression is to be bought. */
  excluded: number | undefined
  /** The first moment that counts, and the first that does not any more. */
  sinceMs: number
  untilMs: number
}

/** Events and people, of those looked at. */
export type CampaignCounts = ReturnType<typeof nothing>

export interface CampaignCounted {
  counts: CampaignCounts
  /** Which share of everybody was looked at: 1 is all. */
  share: number
}

/** So soon after a delivery no person clicks. */
export const MACHINE_CLICK_MS = 2_000

/**
 * What a campaign did, of what events have shown. Everybody is asked; after
 * EVENT_LIMITS.funnelMs it stops, with a sample.
 */
export async function countCampaign(
  deps: WalkDeps,
  rules: OwnerRules,
  asked: CampaignAsked,
): Promise<CampaignCounted> {
  const { clock } = deps
  const stopMs = clock.elapsed() + EVENT_LIMITS.funnelMs
  const counts = nothing()
  let share = 0
  for await (const step of walkPeople(deps, rules)) {
    share = step.share
    const nowMs = clock.now()
    for (const person of step.people)
      countPerson(counts, asked, shownIn(rules, person, { ...asked, nowMs }))
    if (clock.elapsed() >= stopMs) break
  }
  return { counts, share }
}

function nothing() {
  return {
    ...{ sent: 0, bounced: 0, delivered: 0, clicked: 0, booked: 0, redeemed: 0 },
    ...{ impressions: 0, wasted: 0, converted: 0 },
    ...{ treated: 0, treatedConverted: 0, control: 0, controlConverted: 0 },
  }
}

interface Shown {
  of(trait: string | undefined): readonly Moment[]
  /** Since when the person is in the segment that excludes; Infinity: it is not. */
  excludedMs: number
}

function shownIn(
  rules: OwnerRules,
  person: PersonKnown,
  { sinceMs, untilMs, excluded, nowMs }: CampaignAsked & { nowMs: number },
): Shown {
  const history = shownOf(rules, person, nowMs)
  const isIn = ({ atMs }: Moment) => atMs >= sinceMs && atMs < untilMs
  const since = person.histories.map(({ segments }) => segments.get(excluded ?? 0) ?? Infinity)
  return {
    of: (trait) => (trait === undefined ? [] : history.shown(trait).filter(isIn)),
    excludedMs: Math.min(Infinity, ...since),
  }
}

function countPerson(counts: CampaignCounts, { traits }: CampaignAsked, shown: Shown): void {
  const sent = shown.of(traits.sent)
  const delivered = traits.delivered === undefined ? sent : shown.of(traits.delivered)
  const converted = shown.of(traits.converted)
  counts.sent += eventsIn(sent)
  counts.bounced += eventsIn(shown.of(traits.bounced))
  counts.delivered += eventsIn(shown.of(traits.delivered))
  const clicks = shown.of(traits.clicked)
  const isTold = traits.sent === undefined && traits.delivered === undefined
  if (isTold ? clicks.length > 0 : hasClicked(delivered, clicks)) counts.clicked++
  counts.booked += eventsIn(shown.of(traits.booked))
  counts.redeemed += eventsIn(shown.of(traits.redeemed))
  countImpressions(counts, shown.of(traits.impressions), {
    ...{ convertedMs: converted[0]?.atMs ?? Infinity, excludedMs: shown.excludedMs },
  })
  if (converted.length > 0) counts.converted++
  const held = shown.of(traits.control)
  const reached = [...delivered, ...shown.of(traits.impressions)]
  // Who was left out and reached all the same is in neither.
  if (held.length > 0 && reached.length === 0) {
    counts.control++
    if (isAfter(held, converted)) counts.controlConverted++
  } else if (reached.length > 0 && held.length === 0) {
    counts.treated++
    if (isAfter(reached, converted)) counts.treatedConverted++
  }
}

/** A click follows a delivery; what follows the latest of them at once is a machine's. */
function hasClicked(delivered: readonly Moment[], clicks: readonly Moment[]): boolean {
  return clicks.some(({ atMs }) => {
    const before = delivered.findLast((one) => one.atMs <= atMs)
    return before !== undefined && atMs - before.atMs >= MACHINE_CLICK_MS
  })
}

function countImpressions(
  counts: CampaignCounts,
  impressions: readonly Moment[],
  { convertedMs, excludedMs }: { convertedMs: number; excludedMs: number },
): void {
  for (const { atMs, count } of impressions) {
    counts.impressions += count
    if (atMs > convertedMs || atMs >= excludedMs) counts.wasted += count
  }
}

/** Whether something happened after the first of others. */
function isAfter(first: readonly Moment[], then: readonly Moment[]): boolean {
  const sinceMs = first.reduce((least, { atMs }) => Math.min(least, atMs), Infinity)
  return then.some(({ atMs }) => atMs > sinceMs)
}

function eventsIn(moments: readonly Moment[]): number {
  return moments.reduce((sum, { count }) => sum + count, 0)
}
