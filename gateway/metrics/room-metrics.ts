import type { Audience } from '../../audience/audience.ts'
import type { EventDesk } from '../../audience/events/event-desk.ts'
import type { SourceSightings } from '../../audience/events/source-sightings.ts'
import { type ParkReason, ParkReasons } from '../../audience/people/reasons.ts'
import type { Reach } from '../../audience/reach/reach.ts'
import { StoreFindings } from '../../audience/store/reasons.ts'
import type { Ledger } from '../../exchange/ledger/open-ledger.ts'
import type { LedgerShipper } from '../../exchange/ledger/ship-ledger.ts'
import type { MatchCounts } from '../../exchange/matchrates/match-counts.ts'
import type { SourceCounts } from '../../exchange/quality/source-counts.ts'
import type { Metrics } from './counters.ts'

/** What the audience room counts by itself, read when asked for. */
export function watchAudience(metrics: Metrics, audience: Audience): void {
  const results = { hit: 'hits', stranger: 'negatives', miss: 'misses' } as const
  for (const [result, count] of Object.entries(results))
    metrics.gauge('passerelle_near_cache_total', { result }, () => audience.counts()[count])
  metrics.gauge('passerelle_near_cache_people', {}, () => audience.counts().people)
  metrics.gauge('passerelle_near_cache_evictions_total', {}, () => audience.counts().evictions)
  metrics.gauge('passerelle_near_cache_unkept_total', {}, () => audience.counts().unkept)
  const reads = { read: 'keys', shared: 'shared', failed: 'failures' } as const
  for (const [result, count] of Object.entries(reads))
    metrics.gauge('passerelle_people_reads_total', { result }, () => audience.counts().reads[count])
  const log = { change: 'changes', gap: 'gaps', failed: 'failures' } as const
  for (const [result, count] of Object.entries(log))
    metrics.gauge('passerelle_change_log_total', { result }, () => audience.counts().follow[count])
  for (const finding of Object.keys(StoreFindings))
    metrics.gauge('passerelle_store_findings', { finding }, () =>
      audience.findings().some((one) => one.finding === finding) ? 1 : 0,
    )
}

/** How far the desk's count of people is. */
export function watchReach(metrics: Metrics, reach: Reach): void {
  metrics.gauge('passerelle_reach_ready', {}, () => (reach.progress().isReady ? 1 : 0))
  metrics.gauge('passerelle_reach_ids', {}, () => reach.progress().ids)
}

/** What the ledger of this process counts by itself. */
export function watchLedger(metrics: Metrics, ledger: Ledger): void {
  const results = { durable: 'appended', refused: 'failed' } as const
  for (const [result, count] of Object.entries(results))
    metrics.gauge('passerelle_ledger_records_total', { result }, () => ledger.counts()[count])
  metrics.gauge('passerelle_ledger_behind', {}, () => (ledger.isBehind() ? 1 : 0))
}

/** Of what match rates and data quality are made of, what did not fit. */
export function watchCounts(metrics: Metrics, matches: MatchCounts, sources: SourceCounts): void {
  metrics.gauge('passerelle_match_uncounted_total', {}, () => matches.uncounted())
  metrics.gauge('passerelle_source_uncounted_total', {}, () => sources.uncounted())
}

/** Names of events and properties that were too many to be kept. */
export function watchSightings(metrics: Metrics, sightings: SourceSightings): void {
  metrics.gauge('passerelle_collect_names_left_out_total', {}, () => sightings.uncounted())
}

/** What the desk counts of all ledgers of this machine. */
export function watchShipper(metrics: Metrics, shipper: LedgerShipper): void {
  const results = { applied: 'applied', failed: 'failures' } as const
  for (const [result, count] of Object.entries(results))
    metrics.gauge('passerelle_ledger_shipped_total', { result }, () => shipper.counts()[count])
  metrics.gauge('passerelle_ledger_lag_seconds', {}, () => shipper.lagMs() / 1000)
  metrics.gauge(
    'passerelle_ledger_damaged_streams',
    {},
    () => shipper.streams().filter(({ damage }) => damage).length,
  )
}

/** What the desk made of what was collected. */
export function watchEvents(metrics: Metrics, desk: EventDesk): void {
  for (const outcome of ['counted', 'repeated', 'quarantined'] as const)
    metrics.gauge('passerelle_events_total', { outcome }, () => desk.counts()[outcome])
  for (const outcome of Object.keys(ParkReasons) as ParkReason[])
    metrics.gauge('passerelle_claims_total', { outcome }, () => desk.counts().linkParked[outcome])
  metrics.gauge('passerelle_claims_total', { outcome: 'refused' }, () => desk.counts().linkRefused)
  for (const why of ['due', 'changed', 'swept'] as const)
    metrics.gauge('passerelle_events_looked_again_total', { why }, () => desk.counts()[why])
  metrics.gauge('passerelle_events_failed_rounds_total', {}, () => desk.counts().failures)
}
