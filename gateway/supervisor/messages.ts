import type { MetricsSnapshot, WorkerSnapshot } from '../metrics/snapshot.ts'
import type { InstanceState, ProcessReport } from './instance.ts'

/** What a process tells its supervisor. */
export type ToSupervisor =
  | { type: 'report'; report: ProcessReport }
  /** The desk asks for everybody's metrics. */
  | { type: 'collect'; id: number }
  | { type: 'snapshot'; id: number; samples: MetricsSnapshot }

/** What the supervisor tells a process. */
export type ToProcess =
  | { type: 'state'; state: InstanceState }
  | { type: 'snapshot?'; id: number }
  | { type: 'collected'; id: number; snapshots: WorkerSnapshot[] }
  | { type: 'drain' }
