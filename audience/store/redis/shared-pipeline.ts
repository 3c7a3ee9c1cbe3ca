import { execAll, type RedisPipeline } from './ioredis.ts'
import type { Writer } from './writer.ts'

interface Ask {
  /** Adds one command, or some. */
  add: (pipeline: RedisPipeline) => void
  count: number
  resolve: (replies: unknown[]) => void
  reject: (error: unknown) => void
}

/**
 * Puts what is asked in one turn of the event loop into one pipeline: a pipeline costs this process more than
 * the commands in it. Each must be safe to repeat, as all that a Writer runs; they fail together.
 */
export class SharedPipeline {
  readonly #writer: Writer
  #asks: Ask[] = []

  constructor(writer: Writer) {
    this.#writer = writer
  }

  /** The replies to the commands that `add` adds, of which there are `count`. Rejects with StoreUnreachable. */
  ask(count: number, add: Ask['add']): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#asks.push({ add, count, resolve, reject }) === 1)
        process.nextTick(() => this.#send())
    })
  }

  async #send(): Promise<void> {
    const asks = this.#asks
    this.#asks = []
    try {
      const replies = await this.#writer.write(({ client }) => {
        const pipeline = client.pipeline()
        for (const { add } of asks) add(pipeline)
        return execAll(pipeline)
      })
      let from = 0
      for (const { count, resolve } of asks) {
        resolve(replies.slice(from, from + count))
        from += count
      }
    } catch (error) {
      for (const { reject } of asks) reject(error)
    }
  }
}
