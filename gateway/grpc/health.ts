import { everyBeat } from '../../audience/beat.ts'
import { numberField } from '../../proto/message-fields.ts'
import { MessageReader, WireType } from '../../proto/message-reader.ts'
import { GRPC_LIMITS } from './limits.ts'

export interface HealthState {
  /** Whether the instance is ready (see /health/ready). */
  isReady(): boolean
  /** Names of the services there are; '' stands for all. */
  readonly services: readonly string[]
}

/** Who is told of a change. */
export interface HealthWatcher {
  tell(answer: Buffer): void
  /** Nothing more will be told. */
  end(): void
}

const STATUS = 1
const SERVICE = 1
const [SERVING, NOT_SERVING, SERVICE_UNKNOWN] = [1, 2, 3] as const

/** Standard health of gRPC (grpc.health.v1): asked once, or watched. */
export class HealthWatch {
  readonly #state: HealthState
  readonly #watchers = new Set<{ service: string; told: number; to: HealthWatcher }>()
  readonly #endTimer: () => void
  #isClosed = false

  constructor(state: HealthState) {
    this.#state = state
    this.#endTimer = everyBeat(GRPC_LIMITS.healthMs, () => this.#tellAll())
  }

  /** Undefined where there is no such service. */
  check(request: Uint8Array): Buffer | undefined {
    const status = this.#statusOf(serviceIn(request))
    return status === SERVICE_UNKNOWN ? undefined : numberField(STATUS, status)
  }

  /** Tells the status at once, and whenever it changes. Returns what ends it; undefined where too many watch. */
  watch(request: Uint8Array, to: HealthWatcher): (() => void) | undefined {
    if (this.#watchers.size === GRPC_LIMITS.watchersMax) return undefined
    const watcher = { service: serviceIn(request), told: -1, to }
    this.#watchers.add(watcher)
    this.#tellAll()
    return () => this.#watchers.delete(watcher)
  }

  /** Watchers are told that nothing is served here any more: who waited for them to leave would wait for ever. */
  close(): void {
    this.#endTimer()
    this.#isClosed = true
    this.#tellAll()
  }

  #tellAll(): void {
    for (const watcher of this.#watchers) {
      const status = this.#statusOf(watcher.service)
      if (status === watcher.told) continue
      watcher.told = status
      watcher.to.tell(numberField(STATUS, status))
    }
    if (!this.#isClosed) return
    for (const { to } of this.#watchers) to.end()
    this.#watchers.clear()
  }

  #statusOf(service: string): number {
    if (service !== '' && !this.#state.services.includes(service)) return SERVICE_UNKNOWN
    return this.#state.isReady() && !this.#isClosed ? SERVING : NOT_SERVING
  }
}

/** HealthCheckRequest.service */
function serviceIn(request: Uint8Array): string {
  const reader = new MessageReader()
  reader.begin(request, 0, request.length)
  let service = ''
  while (reader.next())
    if (reader.field === SERVICE && reader.type === WireType.bytes)
      service = Buffer.from(request.subarray(reader.start, reader.stop)).toString()
  return service
}
