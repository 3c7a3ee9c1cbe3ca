import type { Clock } from '../../clock.ts'
import type { PersonRecord, UserKey } from '../store.ts'
import { Breaker } from './breaker.ts'
import {
  fetchFieldsMax,
  fetchInput,
  fetchScript,
  type RecordRef,
  recordRefs,
} from './fetch-script.ts'
import { type RedisClient, runScript } from './ioredis.ts'
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
 * Reads people for the bid path. The recalls made in one turn of the event loop go out together; each
 * is settled within its deadline, whatever Redis does; and no more than `recallsInFlightMax` ever
 * wait for Redis, counting those whose callers have long been told.
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
    if (!this.breaker.admit()) return refused('open')
    if (this.#inFlight >= LIMITS.recallsInFlightMax) {
      this.breaker.open()
      return refused('busy')
    }
    this.#inFlight++
    return new Promise((resolve, reject) => {
      // Immediates run once all sockets readable in this turn were served: their misses go together.
      if (this.#waiting.push({ keys, resolve, reject }) === 1) setImmediate(() => this.#flush())
    })
  }

  #flush(): void {
    const calls = this.#waiting
    this.#waiting = []
    let from = 0
    for (let at = 0, fields = 0; at < calls.length; at++) {
      fields += calls[at]!.keys.length * 2
      if (fields < fetchFieldsMax) continue
      this.#send(calls.slice(from, at + 1))
      from = at + 1
      fields = 0
    }
    if (from < calls.length) this.#send(calls.slice(from))
  }

  #send(calls: Call[]): void {
    let settled = false
    const settle = (outcome: StoreUnreachable | Values) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      this.#settle(calls, outcome)
    }
    const timer = setTimeout(() => {
      // An answer that came while this process was held up is read before the immediates run.
      setImmediate(settle, new StoreUnreachable('late'))
    }, this.#deadlineMs)
    this.#fetch(calls)
      .then(settle, settle)
      .finally(() => {
        this.#inFlight -= calls.length
      })
  }

  async #fetch(calls: Call[]): Promise<Values> {
    const refs: RecordRef[] = []
    for (const { keys } of calls) for (const key of keys) refs.push(...recordRefs(key))
    const input = fetchInput(this.#layout()!, refs)
    return (await runScript(this.#client, fetchScript, input)) as Values
  }

  #settle(calls: Call[], outcome: StoreUnreachable | Values): void {
    let at = 0
    for (const { keys, resolve, reject } of calls) {
      if (outcome instanceof StoreUnreachable) {
        this.breaker.failed()
        reject(outcome)
      } else {
        this.breaker.answered()
        resolve(recordsAt(outcome, at, keys.length))
        at += keys.length * 2
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

/** Profile and edges by turns; null or empty where there are none. */
type Values = readonly (Uint8Array | null)[]

const empty = new Uint8Array(0)

/** The records of `count` keys whose values begin at `start`. */
export function recordsAt(values: Values, start: number, count: number): Records {
  const records: Records = []
  for (let at = start; at < start + count * 2; at += 2) {
    const profile = values[at]
    const edges = values[at + 1]
    const known = profile?.length || edges?.length
    records.push(known ? { profile: profile ?? empty, edges: edges ?? empty } : undefined)
  }
  return records
}

function refused(reason: 'down' | 'busy' | 'open'): Promise<never> {
  return Promise.reject(new StoreUnreachable(reason))
}
