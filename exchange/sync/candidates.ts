import type { ConsentAnswer } from '../../audience/consent/reasons.ts'
import type { ExchangeCatalog } from '../exchange-catalog.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { SyncTemplate, SyncType } from './sync-template.ts'
import type { Syncer, Syncers } from './syncers.ts'

/** Whom a page wants synced. */
export interface Wanted {
  /** Partner ids or syncer keys; none: everybody. */
  bidders: readonly string[]
  /** Others too, after those. */
  coop: boolean
  groups: readonly (readonly string[])[]
  groupsOnly: boolean
  /** Whether a partner may be loaded that way. */
  admits: (syncer: Syncer, type: SyncType) => boolean
  /** What consent says of a partner. */
  consentOf: (syncer: Syncer) => ConsentAnswer
}

/** A partner that might be synced, with all that is known of it before the browser is looked at. */
export interface Candidate {
  /** As it was asked for. */
  name: string
  /** Undefined where there is no such partner, or it has no sync settings. */
  syncer: Syncer | undefined
  isKnown: boolean
  /** Those that a page named come first (0), then the groups, then all others. */
  tier: number
  /** One before it has the same syncer key. */
  isDuplicate: boolean
  template: SyncTemplate | undefined
  consent: ConsentAnswer
  /** Its place among those of its tier, once it is drawn: the highest comes first. */
  lot: number
}

export interface CandidateRooms {
  catalog: ExchangeCatalog
  syncers: Syncers
}

/**
 * In Prebid Server's order of tiers; within one, as they come. Consent is asked here, once for each. Who shares
 * a syncer key with one before is a duplicate where a page names it, and not looked at where none does.
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
  return { ...NOTHING, name, isKnown, tier }
}

const NOTHING = {
  syncer: undefined,
  isDuplicate: false,
  template: undefined,
  consent: 0 as const,
  lot: 0,
}

function candidate(
  syncer: Syncer,
  { admits, consentOf }: Wanted,
  { name, tier, isDuplicate }: Pick<Candidate, 'name' | 'tier' | 'isDuplicate'>,
): Candidate {
  const { redirect, iframe } = syncer
  const template =
    redirect && admits(syncer, 'redirect')
      ? redirect
      : iframe && admits(syncer, 'iframe')
        ? iframe
        : undefined
  const consent = consentOf(syncer)
  return { name, syncer, isKnown: true, tier, isDuplicate, template, consent, lot: 0 }
}
