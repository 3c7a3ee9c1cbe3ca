import type { Matches } from '../../../audience/people/matches-of.ts'
import { AnswerRates } from '../../../exchange/sync/answer-rates.ts'
import { Asks } from '../../../exchange/sync/asks.ts'
import type { Candidate } from '../../../exchange/sync/candidates.ts'
import type { Situation } from '../../../exchange/sync/plan-syncs.ts'
import { SyncTemplate } from '../../../exchange/sync/sync-template.ts'
import type { Syncer } from '../../../exchange/sync/syncers.ts'

const EDGE = { edgeUrl: 'https://edge.test', userMacro: '$UID' }

/** A partner of this number, whose namespace is a hundred more; what is not said of it is usual. */
export function syncerOf(number: number, more: Partial<Syncer> = {}): Syncer {
  const id = `p${number}`
  const partner = { id, number, namespace: number + 100, active: true } as Syncer['partner']
  const url = `https://${id}.example/s?r={redirect}`
  return {
    partner,
    key: id,
    isEnabled: true,
    redirect: new SyncTemplate(url, { ...EDGE, type: 'redirect', partner: id, key: id }),
    iframe: undefined,
    ttlDays: 14,
    value: 1,
    skipsGdpr: false,
    skipsSids: [],
    route: [],
    redirectHosts: new Set(),
    admitsUnsigned: false,
    browsersMax: 30,
    idVersion: 1,
    ...more,
  }
}

export function candidateOf(syncer: Syncer, more: Partial<Candidate> = {}): Candidate {
  const { redirect: template } = syncer
  return {
    name: syncer.partner.id,
    syncer,
    tier: 0,
    template,
    unfit: undefined,
    ...more,
  }
}

/** Matches by namespace → the day each was last confirmed. */
export function matchesOf(days: ReadonlyMap<number, number>): Matches {
  return {
    isSuppressed: false,
    count: days.size,
    namespace: Int32Array.from(days.keys()),
    lastSeenDay: Int32Array.from(days.values()),
  }
}

export function situationOf(more: Partial<Situation> = {}): Situation {
  return {
    kind: 'returning',
    id: Buffer.alloc(16, 7),
    today: 20_000,
    hour: 480_000,
    asks: new Asks(),
    consents: Array.from({ length: 64 }, () => 0 as const),
    matches: matchesOf(new Map()),
    eidMatches: [],
    rates: new AnswerRates(),
    gdprApplies: false,
    gppSids: [],
    limit: 64,
    random: () => 0.5,
    ...more,
  }
}
