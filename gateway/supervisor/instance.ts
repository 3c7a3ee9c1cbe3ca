import type { WorkerSnapshot } from '../metrics/snapshot.ts'

/** The processes of one instance, by what they do. */
export const Roles = {
  bid: 'The bid door; one process per core.',
  edge: 'The browser door.',
  desk: 'The console, imports and catalog writes.',
} as const
export type Role = keyof typeof Roles

/** What an operator should know while all runs on. */
export interface Finding {
  finding: string
  advice: string
}

/** What one process says about itself. */
export interface ProcessReport {
  isListening: boolean
  /** It holds a catalog, from the store or from the last snapshot. */
  hasCatalog: boolean
  /** What serves its door, e.g. `uWebSockets.js 20.30`. */
  binding: string
  findings: readonly Finding[]
}

/** The whole instance, as every door's /health/ready tells it. */
export interface InstanceState {
  ready: boolean
  /** Doors that do not listen (`gateway`, `edge`, `console`), and `catalog`. */
  missing: readonly string[]
  degraded: readonly Finding[]
  /** By door. */
  bindings: Readonly<Record<string, string>>
}

/** The instance as one of its processes sees it. */
export interface Instance {
  readonly state: InstanceState
  /** Tells the others what changed here. */
  report(change: Partial<ProcessReport>): void
  /** Snapshots of all processes, this one's too; one that does not answer in time is left out. */
  collectMetrics(): Promise<WorkerSnapshot[]>
}

export const STARTING: InstanceState = {
  ready: false,
  missing: ['gateway', 'edge', 'console', 'catalog'],
  degraded: [],
  bindings: {},
}

export const NOT_YET: ProcessReport = {
  isListening: false,
  hasCatalog: false,
  binding: '',
  findings: [],
}
