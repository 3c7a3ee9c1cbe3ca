import { type Clock, DAY_MS } from '../../clock.ts'
import { LIMITS } from '../limits.ts'
import type { HeldMessage, HeldMessages } from '../plan-stores.ts'
import { rethrow, runScript } from './ioredis.ts'
import { planKeys } from './layout.ts'
import { holdMessagesScript, sweepHeldScript } from './plan-scripts.ts'
import type { Writer } from './writer.ts'

/**
 * Messages held back in Redis: a stream for each source. One whose answer was lost is put aside again; a replay counts
 * it once by its id all the same.
 */
export class RedisHeld implements HeldMessages {
  readonly #writer: Writer
  readonly #clock: Clock

  constructor(writer: Writer, clock: Clock) {
    this.#writer = writer
    this.#clock = clock
  }

  async hold(source: string, messages: readonly HeldMessage[]): Promise<void> {
    const each = messages.flatMap(({ atMs, body }) => [atMs, Buffer.from(body)])
    const keys = [planKeys.held(source), planKeys.heldSources]
    const input = { keys, args: [source, LIMITS.heldMax, ...each] }
    await this.#writer.write(({ client }) => runScript(client, holdMessagesScript, input))
  }

  async held(source: string, after: string, max: number) {
    const oldestMs = this.#oldestMs()
    const start = isId(after) ? `(${after}` : '-'
    const entries = await this.#writer.write(({ client }) =>
      client.xrangeBuffer(planKeys.held(source), start, '+').catch(rethrow),
    )
    const found = entries.map(([id, [, at, , body]]) => ({
      ...{ id: id.toString(), atMs: Number(at), body: body! },
    }))
    return found.filter(({ atMs }) => atMs >= oldestMs).slice(0, max)
  }

  release(source: string, ids: readonly string[]): Promise<number> {
    const there = ids.filter(isId)
    if (there.length === 0) return Promise.resolve(0)
    return this.#writer.write(({ client }) =>
      client.xdel(planKeys.held(source), ...there).catch(rethrow),
    )
  }

  async sweep(): Promise<void> {
    const oldestMs = this.#oldestMs()
    const sources = await this.#writer.write(({ client }) =>
      client.smembers(planKeys.heldSources).catch(rethrow),
    )
    for (const source of sources) {
      const keys = [planKeys.held(source), planKeys.heldSources]
      const input = { keys, args: [source, oldestMs] }
      await this.#writer.write(({ client }) => runScript(client, sweepHeldScript, input))
    }
  }

  #oldestMs(): number {
    return this.#clock.now() - LIMITS.heldDays * DAY_MS
  }
}

function isId(id: string): boolean {
  return /^\d{1,16}-\d{1,16}$/.test(id)
}
