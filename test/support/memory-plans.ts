import { type Clock, DAY_MS } from '../../audience/clock.ts'
import { LIMITS } from '../../audience/store/limits.ts'
import type {
  HeldMessage,
  HeldMessages,
  Sighting,
  SightingStore,
} from '../../audience/store/plan-stores.ts'

/** Sightings in memory, keeping the promises of SightingStore. */
export class MemorySightings implements SightingStore {
  readonly #clock: Clock
  readonly #seen = new Map<string, Map<string, Sighting>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async note(source: string, sightings: readonly Sighting[]): Promise<number> {
    const seen = this.#of(source)
    let left = 0
    for (const one of sightings) {
      const held = seen.get(one.name)
      if (!held && seen.size >= LIMITS.sightingsMax) this.#clear(seen)
      if (held) {
        held.count += one.count
        held.firstMs = Math.min(held.firstMs, one.firstMs)
        held.lastMs = Math.max(held.lastMs, one.lastMs)
      } else if (seen.size < LIMITS.sightingsMax) seen.set(one.name, { ...one })
      else left++
    }
    return left
  }

  async of(source: string): Promise<Sighting[]> {
    const seen = this.#of(source)
    this.#clear(seen)
    return [...seen.values()].map((one) => ({ ...one }))
  }

  #of(source: string): Map<string, Sighting> {
    const seen = this.#seen.get(source) ?? new Map<string, Sighting>()
    this.#seen.set(source, seen)
    return seen
  }

  #clear(seen: Map<string, Sighting>): void {
    const oldestMs = this.#clock.now() - LIMITS.sightingDays * DAY_MS
    for (const { name, lastMs } of [...seen.values()]) if (lastMs < oldestMs) seen.delete(name)
  }
}

/** Messages held back in memory, keeping the promises of HeldMessages. */
export class MemoryHeld implements HeldMessages {
  readonly #clock: Clock
  #last = 0
  #held: (HeldMessage & { id: string; source: string })[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async hold(source: string, messages: readonly HeldMessage[]): Promise<void> {
    for (const one of messages) {
      const id = String(++this.#last).padStart(12, '0')
      this.#held.push({ ...one, id, source })
    }
    const own = this.#held.filter((one) => one.source === source)
    const surplus = new Set(own.slice(0, Math.max(0, own.length - LIMITS.heldMax)))
    this.#held = this.#held.filter((one) => !surplus.has(one))
  }

  async held(source: string, after: string, max: number) {
    await this.sweep()
    const own = this.#held.filter((one) => one.source === source && one.id > after)
    return own.slice(0, max).map(({ id, atMs, body }) => ({ id, atMs, body }))
  }

  async release(source: string, ids: readonly string[]): Promise<number> {
    const before = this.#held.length
    this.#held = this.#held.filter((one) => one.source !== source || !ids.includes(one.id))
    return before - this.#held.length
  }

  async sweep(): Promise<void> {
    const oldestMs = this.#clock.now() - LIMITS.heldDays * DAY_MS
    this.#held = this.#held.filter(({ atMs }) => atMs >= oldestMs)
  }
}
