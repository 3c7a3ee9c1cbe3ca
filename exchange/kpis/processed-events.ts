import type { CollectedEvent } from '../../audience/events/collected-event.ts'
import type { SourceObserver } from '../../audience/events/source-observer.ts'
import type { SourceCounts } from '../quality/source-counts.ts'
import type { LatencyCounts } from './latency-counts.ts'

/** Told of what the desk processed: what came of each source's events, and how long after they came. */
export class ProcessedEvents implements SourceObserver {
  readonly #sources: SourceCounts
  readonly #latencies: LatencyCounts

  constructor(sources: SourceCounts, latencies: LatencyCounts) {
    this.#sources = sources
    this.#latencies = latencies
  }

  add(...[source, learned]: Parameters<SourceObserver['add']>): void {
    this.#sources.add(source, learned)
  }

  /** By the clock of the process that took the event in. */
  processed(events: readonly CollectedEvent[], nowMs: number): void {
    for (const { receivedMs, atMs } of events)
      this.#latencies.add('event_to_segment', nowMs - (receivedMs ?? atMs))
  }
}
