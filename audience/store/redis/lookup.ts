import type { Clock } from '../../clock.ts'
import type { PersonRecord, UserKey } from '../store.ts'
import { Breaker } from './breaker.ts'
import type { RedisClient, RedisPipeline } from './ioredis.ts'
import { asUnreachable } from './ioredis.ts'
import type { Layout } from './layout.ts'
import { LIMITS } from './limits.ts'
import { StoreUnreachable } from './store-unreachable.ts'

type Records = (PersonRecord | undefined)[]

interface Call {
  keys: readonly UserKey[]
  resolve: (records: Records) => void
  reject: (error: StoreUnreachable) => void
}

/**
 * Reads people for the bid path. All recalls made in one turn of the event loop go out in one write;
 * each is settled within its deadline, whatever Redis does; and no more than
 * `recallsInFlightMax` ever wait, counting those whose callers have long been told.
 */
export class Lookup {
  readonly breaker: Breaker
  readonly #client: RedisClient
  readonly #layout: () => Layout | undefined
  readonly #deadlineMs: number
  #waiting: Call[] = []
  #inFlight = 0

  constructor(client: RedisClient, options: LookupOptions) {
    this.#client = client
    this.#layout = options.layout
    this.#deadlineMs = options.deadlineMs ?? LIMITS.recallDeadlineMs
    this.breaker = new Breaker(options.clock)
    client.on('ready', () => this.breaker.close())
  }

  /** Recalls that Redis has not answered, whether or not anybody still waits. */
  get inFlight(): number {
    return this.#inFlight
  }

  recall(keys: readonly UserKey[]): Promise<Records> {
    if (this.#client.status !== 'ready' || !this.#layout()) return refused('down')
    if (this.#inFlight >= LIMITS.recallsInFlightMax) {
      this.breaker.open()
      return refused('busy')
    }
    if (!this.breaker.admit()) return refused('open')
    this.#inFlight++
    return new Promise((resolve, reject) => {
      // Immediates run once all sockets readable in this turn were served: their misses go together.
      if (this.#waiting.push({ keys, resolve, reject }) === 1) setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const calls = this.#waiting
    this.#waiting = []
    const pipeline = this.#pipelineOf(calls)
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#settle(calls, new StoreUnreachable('late'))
    }, this.#deadlineMs)
    pipeline.exec((error, replies) => {
      clearTimeout(timer)
      this.#inFlight -= calls.length
      if (!late) this.#settle(calls, error ? asUnreachable(error) : (replies ?? []))
    })
  }

  #pipelineOf(calls: Call[]): RedisPipeline {
    const pipeline = this.#client.pipeline()
    const layout = this.#layout()!
    for (const { keys } of calls) {
      for (const key of keys) {
        const bucket = layout.bucket(key)
        const field = layout.field(key)
        pipeline.hgetBuffer(layout.hash('profile', bucket), field)
        pipeline.hgetBuffer(layout.hash('edges', bucket), field)
      }
    }
    return pipeline
  }

  #settle(calls: Call[], outcome: StoreUnreachable | Reply[]): void {
    let at = 0
    for (const call of calls) {
      const end = at + call.keys.length * 2
      const records =
        outcome instanceof StoreUnreachable ? outcome : recordsOf(outcome.slice(at, end))
      at = end
      if (records instanceof StoreUnreachable) {
        this.breaker.failed()
        call.reject(records)
      } else {
        this.breaker.answered()
        call.resolve(records)
      }
    }
  }
}

export interface LookupOptions {
  clock: Clock
  /** Known once Redis was greeted. */
  layout: () => Layout | undefined
  deadlineMs?: number | undefined
}

type Reply = [error: Error | null, value: unknown]

const empty = new Uint8Array(0)

/** Profile and edges by turns; the first error stands for the whole call. */
function recordsOf(replies: Reply[]): Records | StoreUnreachable {
  const records: Records = []
  for (let i = 0; i < replies.length; i += 2) {
    const [profileError, profile] = replies[i] as [Error | null, Buffer | null]
    const [edgesError, edges] = replies[i + 1] as [Error | null, Buffer | null]
    const error = profileError ?? edgesError
    if (error) return asUnreachable(error)
    const known = profile || edges
    records.push(known ? { profile: profile ?? empty, edges: edges ?? empty } : undefined)
  }
  return records
}

function refused(reason: 'down' | 'busy' | 'open'): Promise<never> {
  return Promise.reject(new StoreUnreachable(reason))
}
