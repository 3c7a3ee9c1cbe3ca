import type { MetricName } from './metric-help.ts'

export type Labels = Readonly<Record<string, string>>

/** One series of one process, as plain JSON. */
export type MetricSample = { name: MetricName; labels: Labels } & (
  | { kind: 'counter' | 'gauge'; value: number }
  | {
      kind: 'histogram'
      /** Cumulative. */
      buckets: { leSeconds: number; count: number }[]
      count: number
      sumSeconds: number
    }
)

export type MetricsSnapshot = MetricSample[]

/** The snapshot of one process, and which: `bid 1`, `edge`, `desk`. */
export interface WorkerSnapshot {
  worker: string
  samples: MetricsSnapshot
}
