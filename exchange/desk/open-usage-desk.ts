import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { Store } from '../../audience/store/store.ts'
import type { LookalikeJobs } from '../lookalike/lookalike-jobs.ts'
import { countPopulations } from '../usage/populations.ts'
import { adjustStatement } from './adjustments.ts'
import { type BoundVerbs, bindVerbs } from './bind-verbs.ts'
import { closeStatements } from './close-statements.ts'
import type { DeskDeps } from './desk.ts'
import { getKpis } from './kpis.ts'
import { getLookalike, runLookalike } from './lookalikes.ts'
import { previewContract } from './preview-contract.ts'
import { getQuality, listQuality } from './quality.ts'
import { getReach } from './reach.ts'
import { reconcile } from './reconcile.ts'
import { openUsageReport } from './report-usage.ts'
import { disputeStatement, settleStatement } from './statement-steps.ts'
import { getStatements } from './statements.ts'
import { listUsage } from './usage.ts'
import type { UsageDeps } from './usage-deps.ts'

const VERBS = {
  listUsage,
  previewContract,
  openUsageReport,
  reconcile,
  getReach,
  getKpis,
  getLookalike,
  runLookalike,
  getQuality,
  listQuality,
  getStatements,
  closeStatements,
  disputeStatement,
  settleStatement,
  adjustStatement,
}

/** The verbs by which operators and partners read usage and settle statements, each `(actor, …)`. */
export type UsageDesk = BoundVerbs<typeof VERBS>

export function openUsageDesk(deps: UsageDeps): UsageDesk {
  return bindVerbs(VERBS, deps)
}

export interface UsageDepsOptions {
  deskDeps: DeskDeps
  store: Pick<Store, 'tallies' | 'people'>
  /** To this process's ledger. */
  append: UsageDeps['append']
  lookalikes?: LookalikeJobs
}

/** What usage is read, priced and settled with. */
export function usageDeps({ deskDeps, store, append, lookalikes }: UsageDepsOptions): UsageDeps {
  const { feed, clock } = deskDeps
  const segment = (id: string) =>
    feed.current()?.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
  const populations = countPopulations({ people: store.people, clock, segment })
  const more = lookalikes ? { lookalikes } : {}
  return { ...deskDeps, tallies: store.tallies, append, populations, ...more }
}
