import { type Clock, DAY_MS } from '../../clock.ts'
import { LIMITS } from '../limits.ts'
import type { Sighting, SightingStore } from '../plan-stores.ts'
import { rethrow, runScript } from './ioredis.ts'
import { planKeys } from './layout.ts'
import { noteSightingsScript } from './plan-scripts.ts'
import type { Writer } from './writer.ts'

/** Sightings in Redis: a hash for each source, name → `count firstMs lastMs`. */
export class RedisSightings implements SightingStore {
  readonly #writer: Writer
  readonly #clock: Clock

  constructor(writer: Writer, clock: Clock) {
    this.#writer = writer
    this.#clock = clock
  }

  async note(source: string, sightings: readonly Sighting[]): Promise<number> {
    const each = sightings.flatMap(({ name, count, firstMs, lastMs }) => [
      ...[name, count, firstMs, lastMs],
    ])
    const args = [LIMITS.sightingsMax, this.#oldestMs(), ...each]
    const input = { keys: [planKeys.seen(source)], args }
    const left = await this.#writer.write(({ client }) =>
      runScript(client, noteSightingsScript, input),
    )
    return Number(left)
  }

  async of(source: string): Promise<Sighting[]> {
    const all = await this.#writer.write(({ client }) =>
      client.hgetall(planKeys.seen(source)).catch(rethrow),
    )
    const oldestMs = this.#oldestMs()
    return Object.entries(all)
      .map(([name, text]) => {
        const [count, firstMs, lastMs] = text.split(' ').map(Number) as [number, number, number]
        return { name, count, firstMs, lastMs }
      })
      .filter(({ lastMs }) => lastMs >= oldestMs)
  }

  #oldestMs(): number {
    return this.#clock.now() - LIMITS.sightingDays * DAY_MS
  }
}
