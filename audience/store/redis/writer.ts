import type { RedisClient } from './ioredis.ts'
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
    try {
      return await run(this.#place())
    } catch (error) {
      const dropped = error instanceof StoreUnreachable && error.reason === 'dropped'
      if (!dropped || attempt === LIMITS.writeAttemptsMax) throw error
      await greeted(this.#client)
      return this.#attempt(run, attempt + 1)
    }
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
