import { type Clock, DAY_MS } from '../../clock.ts'
import { LIMITS } from '../limits.ts'
import type { Sighting, SightingStore } from '../plan-stores.ts'
import type { EmbeddedDb } from './lmdb.ts'

/** Sightings in LMDB: see SightingDb. */
export class EmbeddedSightings implements SightingStore {
  readonly #db: EmbeddedDb
  readonly #clock: Clock

  constructor(db: EmbeddedDb, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  async note(source: string, sightings: readonly Sighting[]): Promise<number> {
    const { sightings: db } = this.#db
    return this.#db.transact(() => {
      const fresh = sightings.filter((one) => !this.#add(source, one))
      if (fresh.length === 0) return 0
      let room = LIMITS.sightingsMax - db.getKeysCount(rangeOf(source))
      if (room < fresh.length) room += this.#dropOld(source)
      const kept = fresh.slice(0, Math.max(0, room))
      for (const { name, count, firstMs, lastMs } of kept)
        db.put([source, name], [count, firstMs, lastMs])
      return fresh.length - kept.length
    })
  }

  async of(source: string): Promise<Sighting[]> {
    this.#db.refresh()
    const oldestMs = this.#oldestMs()
    return [...this.#db.sightings.getRange(rangeOf(source))]
      .map(({ key, value: [count, firstMs, lastMs] }) => ({ name: key[1], count, firstMs, lastMs }))
      .filter(({ lastMs }) => lastMs >= oldestMs)
  }

  /** False where the name is new. */
  #add(source: string, { name, count, firstMs, lastMs }: Sighting): boolean {
    const held = this.#db.sightings.get([source, name])
    if (held === undefined) return false
    const [before, first, last] = held
    const added = [before + count, Math.min(first, firstMs), Math.max(last, lastMs)] as const
    this.#db.sightings.put([source, name], [...added])
    return true
  }

  #dropOld(source: string): number {
    const oldestMs = this.#oldestMs()
    const all = [...this.#db.sightings.getRange(rangeOf(source))]
    const old = all.filter(({ value }) => value[2] < oldestMs)
    for (const { key } of old) this.#db.sightings.remove(key)
    return old.length
  }

  #oldestMs(): number {
    return this.#clock.now() - LIMITS.sightingDays * DAY_MS
  }
}

/** Sorts behind every name. */
const LAST = '\uffff'

function rangeOf(source: string): { start: [string, string]; end: [string, string] } {
  return { start: [source, ''], end: [source, LAST] }
}
