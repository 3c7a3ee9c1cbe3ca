import type { TallyStore } from '../../audience/store/store.ts'
import type { DealRecord } from '../deal.ts'
import type { UsageLookups } from '../usage/read/usage-lookups.ts'
import { usageTerms } from '../usage/usage-terms.ts'
import { type DeskDeps, snapshotOf } from './desk.ts'

/** What verbs on usage and statements work with. */
export interface UsageDeps extends DeskDeps {
  tallies: TallyStore
  populations: UsageLookups['populations']
}

/** What counters are read with, by the catalog as it is now. */
export function lookupsOf(deps: UsageDeps): UsageLookups {
  const snapshot = snapshotOf(deps)
  return {
    terms: usageTerms(snapshot),
    audience: (deal) =>
      (snapshot.kind('deal').get(deal)?.value as DealRecord | undefined)?.audience,
    populations: deps.populations,
  }
}
