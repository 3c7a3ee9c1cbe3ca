import { type Clock, DAY_MS } from '../../clock.ts'
import { LIMITS } from '../limits.ts'
import type { HeldMessage, HeldMessages } from '../plan-stores.ts'
import type { EmbeddedDb } from './lmdb.ts'

const LAST_HELD = 'lastHeld'

/** Messages held back in LMDB, numbered over all sources: see HeldDb. */
export class EmbeddedHeld implements HeldMessages {
  readonly #db: EmbeddedDb
  readonly #clock: Clock

  constructor(db: EmbeddedDb, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  async hold(source: string, messages: readonly HeldMessage[]): Promise<void> {
    const { held, meta } = this.#db
    await this.#db.transact(() => {
      let number = meta.get(LAST_HELD) ?? 0
      for (const { atMs, body } of messages)
        held.put([source, ++number], { atMs, body: Buffer.from(body).toString() })
      meta.put(LAST_HELD, number)
      const surplus = held.getKeysCount(rangeOf(source)) - LIMITS.heldMax
      if (surplus <= 0) return
      for (const key of [...held.getKeys({ ...rangeOf(source), limit: surplus })]) held.remove(key)
    })
  }

  async held(source: string, after: string, max: number) {
    this.#db.refresh()
    const oldestMs = this.#oldestMs()
    const from = isId(after) ? Number(after) + 1 : 0
    const found: (HeldMessage & { id: string })[] = []
    for (const { key, value } of this.#db.held.getRange(rangeOf(source, from))) {
      if (found.length === max) break
      const { atMs, body } = value
      if (atMs >= oldestMs) found.push({ id: String(key[1]), atMs, body: Buffer.from(body) })
    }
    return found
  }

  async release(source: string, ids: readonly string[]): Promise<number> {
    return this.#db.transact(() => {
      const keys = [...new Set(ids)]
        .filter(isId)
        .map((id): [string, number] => [source, Number(id)])
      const there = keys.filter((key) => this.#db.held.doesExist(key))
      for (const key of there) this.#db.held.remove(key)
      return there.length
    })
  }

  async sweep(): Promise<void> {
    this.#db.refresh()
    const oldestMs = this.#oldestMs()
    const old = [...this.#db.held.getRange()].filter(({ value }) => value.atMs < oldestMs)
    if (old.length === 0) return
    await this.#db.transact(() => {
      for (const { key } of old) this.#db.held.remove(key)
    })
  }

  #oldestMs(): number {
    return this.#clock.now() - LIMITS.heldDays * DAY_MS
  }
}

function rangeOf(source: string, from = 0) {
  return { start: [source, from], end: [source, Number.MAX_SAFE_INTEGER] } satisfies {
    start: [string, number]
    end: [string, number]
  }
}

function isId(id: string): boolean {
  return /^\d{1,15}$/.test(id)
}
