import type { Clock } from '../../audience/clock.ts'
import type { Presence, PresenceStore, ProcessName } from '../../audience/store/store.ts'

/** Presence in memory, by a clock that tests wind. */
export class MemoryPresence implements PresenceStore {
  readonly #clock: Clock
  readonly #said = new Map<string, { presence: Presence; untilMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async announce(presence: Presence, ttlMs: number): Promise<void> {
    this.#said.set(nameOf(presence), { presence, untilMs: this.#clock.elapsed() + ttlMs })
  }

  async withdraw(who: ProcessName): Promise<void> {
    this.#said.delete(nameOf(who))
  }

  async present(): Promise<Presence[]> {
    const nowMs = this.#clock.elapsed()
    return [...this.#said.values()]
      .filter(({ untilMs }) => nowMs < untilMs)
      .map(({ presence }) => presence)
  }
}

function nameOf({ instance, process }: ProcessName): string {
  return JSON.stringify([instance, process])
}
