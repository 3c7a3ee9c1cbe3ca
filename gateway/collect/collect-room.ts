import type { Collector } from '../../exchange/collect/collector.ts'
import type { Metrics } from '../metrics/counters.ts'
import type { CollectMetrics } from './collect-metrics.ts'
import type { Denials } from './denials.ts'
import type { PermitOptions } from './permit-message.ts'

export interface CollectOptions extends PermitOptions {
  collector: Collector
  metrics: Metrics
  /** Public address of the edge door. */
  edgeUrl: string
  /** The text of /tag.js. */
  tagScript: string
}

/** What the handlers of the collector share. */
export interface CollectRoom extends PermitOptions {
  collector: Collector
  metrics: CollectMetrics
}

/** The same at the door. */
export interface CollectDoorRoom extends CollectRoom {
  denials: Denials
}
