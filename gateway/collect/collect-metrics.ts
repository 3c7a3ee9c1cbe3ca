import type { Metrics } from '../metrics/counters.ts'
import type { CollectRefusal } from './reasons.ts'

/** What the collector counts: messages by what became of them, and refused requests, by reason. */
export class CollectMetrics {
  readonly #metrics: Metrics
  readonly #taken
  readonly #rejected

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    const outcomes = ['taken', 'rejected'] as const
    const { taken, rejected } = metrics.counterOf(
      'passerelle_collect_messages_total',
      'outcome',
      outcomes,
    )
    this.#taken = taken
    this.#rejected = rejected
  }

  taken(count: number, rejected: number): void {
    this.#taken.add(count)
    this.#rejected.add(rejected)
  }

  /** A message its tracking plan blocked or put aside. */
  unplanned(mode: string): void {
    this.#metrics.counter('passerelle_collect_unplanned_total', { mode }).add()
  }

  denied(reason: string): void {
    this.#metrics.counter('passerelle_collect_denied_total', { reason }).add()
  }

  refused(reason: CollectRefusal): void {
    this.#metrics.counter('passerelle_collect_refused_total', { reason }).add()
  }
}
