import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import type { DealRecord } from '../deal.ts'
import type { LookalikeJobs } from '../lookalike/lookalike-jobs.ts'
import type { LedgerRecord } from '../usage/ledger-record.ts'
import type { UsageLookups } from '../usage/read/usage-lookups.ts'
import { usageTerms } from '../usage/usage-terms.ts'
import { type DeskDeps, snapshotOf } from './desk.ts'

/** What verbs on usage and statements work with. */
export interface UsageDeps extends DeskDeps {
  tallies: TallyStore
  /** Writes to this process's ledger; durable when it resolves. */
  append(record: LedgerRecord): Promise<void>
  populations: UsageLookups['populations']
  /** Makes look-alikes; absent: this process does not. */
  lookalikes?: LookalikeJobs
}

/** What counters are read with, by the catalog as it is now. */
export function lookupsOf(deps: UsageDeps): UsageLookups {
  const snapshot = snapshotOf(deps)
  return {
    terms: usageTerms(snapshot),
    category: (id) => categoryOf(snapshot, id),
    audience: (deal) =>
      (snapshot.kind('deal').get(deal)?.value as DealRecord | undefined)?.audience,
    populations: deps.populations,
  }
}

/** The taxonomy node a segment stands for; one that stands for none is a category of its own. */
function categoryOf(snapshot: CatalogSnapshot, id: string): string {
  const { taxonomy } = (snapshot.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined) ?? {}
  return taxonomy ? `${taxonomy.segtax}:${taxonomy.id}` : id
}
