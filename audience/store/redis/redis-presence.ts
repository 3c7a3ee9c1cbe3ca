import type { Presence, PresenceStore, ProcessName } from '../store.ts'
import { execAll, type RedisClient, rethrow } from './ioredis.ts'
import { catalogKeys } from './layout.ts'

/**
 * Processes at work: a set of their names, and by name what each said last, which Redis itself forgets. Its
 * clock alone decides, so machines need not agree on the time.
 */
export class RedisPresence implements PresenceStore {
  readonly #client: RedisClient

  /** Over the follower's client, which no import holds up. */
  constructor(client: RedisClient) {
    this.#client = client
  }

  async announce(presence: Presence, ttlMs: number): Promise<void> {
    const name = nameOf(presence)
    const both = this.#client
      .multi()
      .set(catalogKeys.presence(name), JSON.stringify(presence), 'PX', ttlMs)
      .sadd(catalogKeys.present, name)
    await execAll(both)
  }

  async withdraw(who: ProcessName): Promise<void> {
    const name = nameOf(who)
    const both = this.#client.multi().del(catalogKeys.presence(name))
    await execAll(both.srem(catalogKeys.present, name))
  }

  async present(): Promise<Presence[]> {
    const names = await this.#client.smembers(catalogKeys.present).catch(rethrow)
    if (names.length === 0) return []
    const said = await this.#client.mget(names.map(catalogKeys.presence)).catch(rethrow)
    this.#forget(names.filter((_, i) => said[i] === null))
    return said.filter((text) => text !== null).map((text) => JSON.parse(text) as Presence)
  }

  /** A name taken out just as its process speaks again is back with that process's next word. */
  #forget(names: readonly string[]): void {
    if (names.length > 0) this.#client.srem(catalogKeys.present, ...names).catch(() => {})
  }
}

function nameOf({ instance, process }: ProcessName): string {
  return JSON.stringify([instance, process])
}
