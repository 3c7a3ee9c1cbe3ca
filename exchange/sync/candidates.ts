import type { ExchangeCatalog } from '../exchange-catalog.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { PlanReason } from './reasons.ts'
import type { SyncTemplate, SyncType } from './sync-template.ts'
import type { Syncer, Syncers } from './syncers.ts'

/** Whom a page wants synced, whoever visits it. */
export interface Wanted {
  /** Partner ids or syncer keys; none: everybody. */
  bidders: readonly string[]
  /** Others too, after those. */
  coop: boolean
  groups: readonly (readonly string[])[]
  groupsOnly: boolean
  /** Whether a partner may be loaded that way. */
  admits: (syncer: Syncer, type: SyncType) => boolean
}

/** Why a partner is not synced. */
export interface Unsynced {
  reason: PlanReason
  /** The word of consent, where that was it; the key, for a duplicate of another name. */
  detail?: string
}

/** A partner that might be synced, with all that is known of it before a visitor is looked at. */
export interface Candidate {
  /** As it was asked for. */
  readonly name: string
  /** Undefined where there is no such partner, or it has no sync settings. */
  readonly syncer: Syncer | undefined
  /** Those that a page named come first (0), then the groups, then all others. */
  readonly tier: number
  readonly template: SyncTemplate | undefined
  /** Why it is not to be synced from this page, whoever visits it. */
  readonly unfit: Unsynced | undefined
}

/** A candidate that may be synced. */
export type Fit = Candidate & { syncer: Syncer; template: SyncTemplate }

export interface CandidateRooms {
  catalog: ExchangeCatalog
  syncers: Syncers
}

/**
 * In Prebid Server's order of tiers; within one, as they come. Who shares a syncer key with one before is a
 * duplicate where a page names it, and not looked at where none does.
 */
export function candidatesOf(rooms: CandidateRooms, wanted: Wanted): Candidate[] {
  const { bidders, coop, groups, groupsOnly } = wanted
  const all: Candidate[] = []
  const keys = new Set<string>()
  const name = (one: string, tier: number) => {
    const syncer = rooms.syncers.find(one)
    if (syncer === undefined) all.push(unfound(rooms, one, tier))
    else all.push(candidate(syncer, wanted, { name: one, tier, isDuplicate: keys.has(syncer.key) }))
    if (syncer !== undefined) keys.add(syncer.key)
  }
  for (const one of bidders.slice(0, SYNC_LIMITS.biddersMax)) name(one, 0)
  if (bidders.length > 0 && !coop) return all
  if (coop) for (const [i, group] of groups.entries()) for (const one of group) name(one, i + 1)
  if (coop && groupsOnly) return all
  for (const { key, partner } of rooms.syncers.all)
    if (!keys.has(key)) name(partner.id, groups.length + 1)
  return all
}

function unfound({ catalog }: CandidateRooms, name: string, tier: number): Candidate {
  const isKnown =
    catalog.partner(name) !== undefined || catalog.partner(name.toLowerCase()) !== undefined
  const unfit: Unsynced = { reason: isKnown ? 'not_configured' : 'unknown' }
  return { name, syncer: undefined, tier, template: undefined, unfit }
}

interface Named {
  name: string
  tier: number
  /** One before it has the same syncer key. */
  isDuplicate: boolean
}

function candidate(
  syncer: Syncer,
  { admits }: Wanted,
  { name, tier, isDuplicate }: Named,
): Candidate {
  const { redirect, iframe } = syncer
  const template =
    redirect && admits(syncer, 'redirect')
      ? redirect
      : iframe && admits(syncer, 'iframe')
        ? iframe
        : undefined
  const unfit = isDuplicate
    ? duplicate(syncer, name)
    : template === undefined
      ? FILTERED
      : undefined
  return { name, syncer, tier, template, unfit }
}

const FILTERED: Unsynced = { reason: 'filtered' }

function duplicate({ key }: Syncer, name: string): Unsynced {
  const isOtherName = key !== name.toLowerCase()
  return isOtherName ? { reason: 'duplicate', detail: key } : { reason: 'duplicate' }
}
