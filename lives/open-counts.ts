import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Audience } from '../audience/audience.ts'
import { systemClock as clock } from '../audience/clock.ts'
import type { Config } from '../config.ts'
import { writeCounts } from '../exchange/counts/write-counts.ts'
import { LatencyCounts } from '../exchange/kpis/latency-counts.ts'
import { MatchCounts } from '../exchange/matchrates/match-counts.ts'
import { SourceCounts } from '../exchange/quality/source-counts.ts'
import { BidLatencies } from '../gateway/metrics/bid-latencies.ts'
import { watchCounts } from '../gateway/metrics/room-metrics.ts'
import type { Process } from './open-process.ts'

/** What match rates and data quality are made of, counted in this process and brought to the store. */
export function openCounts(
  { name: process, metrics, log, closeFirst }: Process,
  { audience, config }: { audience: Audience; config: Config },
): { matchCounts: MatchCounts; sourceCounts: SourceCounts; latencies: LatencyCounts } {
  const matchCounts = new MatchCounts()
  const sourceCounts = new SourceCounts()
  const { tallies } = audience.store
  const name = [hostname(), resolve(config.dataDir), process].join('|')
  const latencies = new LatencyCounts()
  const counts = [matchCounts, sourceCounts, latencies, new BidLatencies(metrics, audience)]
  const writer = writeCounts({ counts, tallies, name, clock, log })
  closeFirst(() => writer.close())
  watchCounts(metrics, matchCounts, sourceCounts)
  return { matchCounts, sourceCounts, latencies }
}
