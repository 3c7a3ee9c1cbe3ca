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
  template: SyncTemplate | undefined
  consent: ConsentAnswer
}

export interface CandidateRooms {
  catalog: ExchangeCatalog
  syncers: Syncers
}

/** In Prebid Server's order of tiers; within one, as they come. Consent is asked here, once for each. */
export function candidatesOf(rooms: CandidateRooms, wanted: Wanted): Candidate[] {
  const { bidders, coop, groups, groupsOnly } = wanted
  const all: Candidate[] = []
  const add = (name: string, tier: number) => void all.push(candidate(rooms, wanted, name, tier))
  for (const name of bidders.slice(0, SYNC_LIMITS.biddersMax)) add(name, 0)
  if (bidders.length > 0 && !coop) return all
  if (coop) for (const [i, group] of groups.entries()) for (const name of group) add(name, i + 1)
  if (coop && groupsOnly) return all
  const seen = new Set(all.map((one) => one.syncer))
  for (const syncer of rooms.syncers.all)
    if (!seen.has(syncer)) add(syncer.partner.id, groups.length + 1)
  return all
}

function candidate(
  { catalog, syncers }: CandidateRooms,
  { admits, consentOf }: Wanted,
  name: string,
  tier: number,
): Candidate {
  const syncer = syncers.find(name)
  if (syncer === undefined) {
    const isKnown =
      catalog.partner(name) !== undefined || catalog.partner(name.toLowerCase()) !== undefined
    return { name, syncer, isKnown, tier, template: undefined, consent: 0 }
  }
  const { redirect, iframe } = syncer
  const template =
    redirect && admits(syncer, 'redirect')
      ? redirect
      : iframe && admits(syncer, 'iframe')
        ? iframe
        : undefined
  return { name, syncer, isKnown: true, tier, template, consent: consentOf(syncer) }
}
