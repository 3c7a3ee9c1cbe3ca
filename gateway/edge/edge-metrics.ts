import type { Clock } from '../../audience/clock.ts'
import type { CompiledPartner } from '../../exchange/compile-partners.ts'
import { type PlanReason, PlanReasons } from '../../exchange/sync/reasons.ts'
import type { Counter, Metrics } from '../metrics/counters.ts'
import type { MetricName } from '../metrics/metric-help.ts'
import type { EdgeRefusal } from './reasons.ts'

const ENDPOINTS = ['cookie_sync', 'setuid', 'sync', 'match', 'optout', 'uid2_optout'] as const
export type Endpoint = (typeof ENDPOINTS)[number]

/** What the browsers' endpoints count: answers, refusals and plans by word, and the time of each answer. */
export class EdgeMetrics {
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #answered
  readonly #leftOut
  readonly #seconds
  readonly #offered: PerPartner
  readonly #matched: PerPartner

  constructor(metrics: Metrics, clock: Clock) {
    this.#metrics = metrics
    this.#clock = clock
    this.#answered = metrics.counterOf('passerelle_sync_answered_total', 'endpoint', ENDPOINTS)
    this.#offered = new PerPartner(metrics, 'passerelle_sync_offered_total')
    this.#matched = new PerPartner(metrics, 'passerelle_sync_matched_total')
    const reasons = Object.keys(PlanReasons) as PlanReason[]
    this.#leftOut = metrics.counterOf('passerelle_sync_left_out_total', 'reason', reasons)
    this.#seconds = Object.fromEntries(
      ENDPOINTS.map((endpoint) => [
        endpoint,
        metrics.histogram('passerelle_sync_seconds', { endpoint }),
      ]),
    ) as Record<Endpoint, ReturnType<Metrics['histogram']>>
  }

  answered(endpoint: Endpoint, arrivedMs: number): void {
    this.#answered[endpoint].add()
    this.#seconds[endpoint].record(this.#clock.elapsed() - arrivedMs)
  }

  refused(endpoint: Endpoint, reason: EdgeRefusal): void {
    this.#metrics.counter('passerelle_sync_refused_total', { endpoint, reason }).add()
  }

  leftOut(reason: PlanReason, count = 1): void {
    this.#leftOut[reason].add(count)
  }

  /** A sync with the partner was handed to a browser. */
  offered(partner: Counted): void {
    this.#offered.of(partner).add()
  }

  /** A browser came back from the partner with an id that was taken. */
  matched(partner: Counted): void {
    this.#matched.of(partner).add()
  }
}

type Counted = Pick<CompiledPartner, 'id' | 'number'>

/** One counter for each partner, found by one look: partners have small numbers, one after another. */
class PerPartner {
  readonly #metrics: Metrics
  readonly #name: MetricName
  readonly #counters: (Counter | undefined)[] = []

  constructor(metrics: Metrics, name: MetricName) {
    this.#metrics = metrics
    this.#name = name
  }

  of({ id, number }: Counted): Counter {
    return (this.#counters[number] ??= this.#metrics.counter(this.#name, { partner: id }))
  }
}
