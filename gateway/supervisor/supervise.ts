import cluster, { type Worker } from 'node:cluster'
import type { Clock } from '../../audience/clock.ts'
import type { Log } from '../log.ts'
import type { MetricsSnapshot, WorkerSnapshot } from '../metrics/snapshot.ts'
import { type InstanceState, NOT_YET, type Role } from './instance.ts'
import { instanceState, type Member } from './instance-state.ts'
import { SUPERVISOR_LIMITS, type SupervisorLimits } from './limits.ts'
import type { ToProcess, ToSupervisor } from './messages.ts'
import { v8FlagsOf } from './v8-flags.ts'

export interface SuperviseOptions {
  /** The module every process runs, with its role as argument and its number in PASSERELLE_WORKER. */
  exec: string
  processes: readonly { role: Role; count: number }[]
  /** Environment of the processes, besides the supervisor's own. */
  env?: Record<string, string>
  clock: Clock
  log: Log
  /** Called at every change of the instance's state. */
  onState?: (state: InstanceState) => void
  limits?: Partial<SupervisorLimits>
}

export interface Supervisor {
  readonly state: InstanceState
  /** Lets every process drain and ends; kills what is left after a while. */
  stop(): Promise<void>
}

/**
 * The one parent of an instance: starts its processes, starts them again when they die, tells each how
 * the whole stands, carries metrics to the desk. It knows no business and opens no store, so nothing
 * there can take it down.
 */
export function supervise(options: SuperviseOptions): Supervisor {
  return new Running(options)
}

/** One process slot: what runs in it changes, its name and number stay. */
interface Slot extends Member {
  name: string
  number: number
  worker: Worker | undefined
  startedMs: number
  waitMs: number
  timer: NodeJS.Timeout | undefined
}

interface Collection {
  asker: Worker
  askerId: number
  awaited: Set<string>
  snapshots: WorkerSnapshot[]
  timer: NodeJS.Timeout
}

class Running implements Supervisor {
  state: InstanceState
  private readonly options: SuperviseOptions
  private readonly limits: SupervisorLimits
  private readonly slots: Slot[]
  private readonly collections = new Map<number, Collection>()
  private nextCollection = 1
  private stopping: Promise<void> | undefined
  private stopped: (() => void) | undefined

  constructor(options: SuperviseOptions) {
    this.options = options
    this.limits = { ...SUPERVISOR_LIMITS, ...options.limits }
    this.slots = slotsOf(options.processes, this.limits)
    this.state = instanceState(this.slots)
    // Processes take connections from the shared socket themselves. Handed over by the parent (the default),
    // a connection on its way to a process that dies would hang unanswered for ever.
    cluster.schedulingPolicy = cluster.SCHED_NONE
    for (const slot of this.slots) this.start(slot)
  }

  stop(): Promise<void> {
    this.stopping ??= new Promise<void>((resolve) => {
      this.stopped = resolve
      for (const slot of this.slots) {
        clearTimeout(slot.timer)
        this.tell(slot.worker, { type: 'drain' })
      }
      const killer = setTimeout(() => {
        for (const { worker } of this.slots) worker?.process.kill('SIGKILL')
      }, this.limits.stopMsMax)
      killer.unref()
      this.endIfAllEnded()
    })
    return this.stopping
  }

  private start(slot: Slot): void {
    const env = {
      ...this.options.env,
      PASSERELLE_WORKER: String(slot.number),
    }
    const execArgv = [...process.execArgv, ...v8FlagsOf(slot.role)]
    cluster.setupPrimary({ exec: this.options.exec, args: [slot.role], execArgv })
    const worker = cluster.fork(env)
    slot.worker = worker
    slot.startedMs = this.options.clock.elapsed()
    worker.on('message', (message: ToSupervisor) => this.hear(slot, worker, message))
    worker.on('error', (error) => this.options.log.warn({ error: String(error) }, slot.name))
    worker.once('exit', (code, signal) => this.ended(slot, { code, signal }))
    this.tell(worker, { type: 'state', state: this.state })
  }

  private ended(slot: Slot, { code, signal }: { code: number; signal: string }): void {
    slot.worker = undefined
    slot.report = NOT_YET
    this.publish()
    if (this.stopping) {
      this.endIfAllEnded()
      return
    }
    const { clock, log } = this.options
    if (clock.elapsed() - slot.startedMs >= this.limits.steadyMs)
      slot.waitMs = this.limits.restartMsMin
    log.error({ code, signal, againInMs: slot.waitMs }, `${slot.name} ended and is started again`)
    slot.timer = setTimeout(() => this.start(slot), slot.waitMs)
    slot.waitMs = Math.min(slot.waitMs * 2, this.limits.restartMsMax)
  }

  private endIfAllEnded(): void {
    if (this.slots.every((slot) => slot.worker === undefined)) this.stopped?.()
  }

  private hear(slot: Slot, worker: Worker, message: ToSupervisor): void {
    if (slot.worker !== worker) return
    if (message.type === 'report') {
      slot.report = message.report
      slot.wasUp ||= message.report.isListening
      this.publish()
    } else if (message.type === 'collect') this.collect(worker, message.id)
    else if (message.type === 'snapshot') this.collected(message.id, slot.name, message.samples)
  }

  private publish(): void {
    this.state = instanceState(this.slots)
    for (const { worker } of this.slots) this.tell(worker, { type: 'state', state: this.state })
    this.options.onState?.(this.state)
  }

  private collect(asker: Worker, askerId: number): void {
    const id = this.nextCollection++
    const asked = this.slots.filter((slot) => slot.worker?.isConnected())
    const timer = setTimeout(() => this.finish(id), this.limits.collectMsMax)
    const awaited = new Set(asked.map((slot) => slot.name))
    this.collections.set(id, { asker, askerId, awaited, snapshots: [], timer })
    for (const { worker } of asked) this.tell(worker, { type: 'snapshot?', id })
  }

  private collected(id: number, worker: string, samples: MetricsSnapshot): void {
    const collection = this.collections.get(id)
    if (!collection?.awaited.delete(worker)) return
    collection.snapshots.push({ worker, samples })
    if (collection.awaited.size === 0) this.finish(id)
  }

  private finish(id: number): void {
    const { asker, askerId, snapshots, timer } = this.collections.get(id)!
    clearTimeout(timer)
    this.collections.delete(id)
    this.tell(asker, { type: 'collected', id: askerId, snapshots })
  }

  /** A process that is just going may refuse; its exit is on its way. */
  private tell(worker: Worker | undefined, message: ToProcess): void {
    if (worker?.isConnected()) worker.process.send?.(message, undefined, undefined, () => {})
  }
}

function slotsOf(processes: SuperviseOptions['processes'], limits: SupervisorLimits): Slot[] {
  return processes.flatMap(({ role, count }) =>
    Array.from({ length: count }, (_, i) => ({
      role,
      name: role === 'bid' ? `bid ${i + 1}` : role,
      number: i + 1,
      report: NOT_YET,
      wasUp: false,
      worker: undefined,
      startedMs: 0,
      waitMs: limits.restartMsMin,
      timer: undefined,
    })),
  )
}
