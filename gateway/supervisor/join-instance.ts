import type { Log } from '../log.ts'
import type { Metrics } from '../metrics/counters.ts'
import type { WorkerSnapshot } from '../metrics/snapshot.ts'
import {
  type Instance,
  type InstanceState,
  NOT_YET,
  type ProcessReport,
  STARTING,
} from './instance.ts'
import type { ToProcess, ToSupervisor } from './messages.ts'

export interface JoinOptions {
  metrics: Metrics
  log: Log
  /** Drains and closes everything; the process ends when it resolves. */
  close(): Promise<void>
}

/**
 * Makes this process a member of the instance its supervisor runs: hears how the whole stands, answers for
 * its metrics, and drains when told. When the supervisor is gone, node:cluster ends the process at once.
 * Whatever nobody caught ends the process, to be started again: its state cannot be trusted.
 */
export function joinInstance(options: JoinOptions): Instance {
  const member = new Joined(options)
  process.on('message', (message: ToProcess) => member.hear(message))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => {
      options.log.fatal({ error: error instanceof Error ? error.stack : String(error) }, event)
      process.exit(1)
    })
  // The supervisor hears the same signal of the group, and tells when to drain.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
  return member
}

class Joined implements Instance {
  state: InstanceState = STARTING
  private readonly options: JoinOptions
  private own: ProcessReport = NOT_YET
  private readonly waiting = new Map<number, (snapshots: WorkerSnapshot[]) => void>()
  private nextId = 1
  private isLeaving = false

  constructor(options: JoinOptions) {
    this.options = options
  }

  report(change: Partial<ProcessReport>): void {
    const next = { ...this.own, ...change }
    if (JSON.stringify(next) === JSON.stringify(this.own)) return
    this.own = next
    this.tell({ type: 'report', report: next })
  }

  collectMetrics(): Promise<WorkerSnapshot[]> {
    const id = this.nextId++
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.tell({ type: 'collect', id })
    })
  }

  hear(message: ToProcess): void {
    if (message.type === 'state') this.state = message.state
    else if (message.type === 'snapshot?')
      this.tell({ type: 'snapshot', id: message.id, samples: this.options.metrics.snapshot() })
    else if (message.type === 'collected') {
      this.waiting.get(message.id)?.(message.snapshots)
      this.waiting.delete(message.id)
    } else if (message.type === 'drain') void this.leave()
  }

  private async leave(): Promise<void> {
    if (this.isLeaving) return
    this.isLeaving = true
    try {
      await this.options.close()
      process.exit(0)
    } catch (error) {
      this.options.log.error({ error: String(error) }, 'did not close cleanly')
      process.exit(1)
    }
  }

  private tell(message: ToSupervisor): void {
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }
}
