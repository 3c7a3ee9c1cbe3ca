import { gatherWrites, type RedisClient } from './ioredis.ts'
import type { Layout } from './layout.ts'
import { LIMITS } from './limits.ts'
import { StoreUnreachable } from './store-unreachable.ts'
import type { Place } from './swap.ts'

/**
 * Runs writes over their own client. A write that lost its connection is run again as a whole on the
 * next one, so each must be safe to repeat. While Redis is down they are refused at once.
 */
export class Writer {
  readonly #client: RedisClient
  readonly #layout: () => Layout | undefined
  readonly #logEntriesMax: number
  #underWay = 0
  /** Shared by all writes that wait for the next connection. */
  #greeting: Promise<void> | undefined

  constructor(client: RedisClient, options: WriterOptions) {
    this.#client = client
    this.#layout = options.layout
    this.#logEntriesMax = Math.ceil(options.logEntriesMax / LIMITS.partitions)
  }

  async write<T>(run: (place: Place) => Promise<T>): Promise<T> {
    if (this.#underWay >= LIMITS.writesInFlightMax) throw new StoreUnreachable('busy')
    this.#underWay++
    try {
      return await this.#attempt(run, 1)
    } finally {
      this.#underWay--
    }
  }

  async #attempt<T>(run: (place: Place) => Promise<T>, attempt: number): Promise<T> {
    const place = this.#place()
    gatherWrites(place.client)
    try {
      return await run(place)
    } catch (error) {
      if (!wasCutOff(error) || attempt === LIMITS.writeAttemptsMax) throw error
      await this.#nextGreeting()
      return this.#attempt(run, attempt + 1)
    }
  }

  #nextGreeting(): Promise<void> {
    this.#greeting ??= greeted(this.#client).finally(() => {
      this.#greeting = undefined
    })
    return this.#greeting
  }

  #place(): Place {
    const layout = this.#layout()
    if (!layout || this.#client.status !== 'ready') throw new StoreUnreachable('down')
    return { client: this.#client, layout, logEntriesMax: this.#logEntriesMax }
  }
}

export interface WriterOptions {
  /** Known while this client's connection was greeted. */
  layout: () => Layout | undefined
  /** Change-log entries kept over all partitions, about. */
  logEntriesMax: number
}

/** `down` comes of the second step of a write whose connection was lost after the first. */
function wasCutOff(error: unknown): boolean {
  return error instanceof StoreUnreachable && ['dropped', 'down'].includes(error.reason)
}

/** Resolves when the client was greeted anew, or after a while. */
function greeted(client: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, LIMITS.writeReconnectWaitMs)
    function done(): void {
      clearTimeout(timer)
      client.off('greeted', done)
      client.off('end', done)
      resolve()
    }
    client.once('greeted', done)
    client.once('end', done)
  })
}
