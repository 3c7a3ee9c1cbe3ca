import { everyBeat } from '../beat.ts'
import { LIMITS } from './limits.ts'
import type { PresenceStore, ProcessName } from './store.ts'

export interface AnnouncePresenceOptions {
  store: PresenceStore
  who: ProcessName
  /** Catalog version this process serves; undefined while it has none, and nothing is said. */
  served(): number | undefined
  /** Default LIMITS.presenceEveryMs. */
  everyMs?: number
}

export interface PresenceAnnouncer {
  /** Says it now: to be called when another version is served. */
  announce(): void
  /** Takes back what was said. */
  close(): Promise<void>
}

/**
 * Says every second, and whenever asked, which catalog version this process serves. One word is on its way
 * at a time: what changes meanwhile goes with the next. One that fails is said again with the next second.
 */
export function announcePresence(options: AnnouncePresenceOptions): PresenceAnnouncer {
  return new Announcer(options)
}

class Announcer implements PresenceAnnouncer {
  readonly #options: AnnouncePresenceOptions
  readonly #endTimer: () => void
  #saying: Promise<void> | undefined
  #isStale = false
  #isClosed = false

  constructor(options: AnnouncePresenceOptions) {
    this.#options = options
    const everyMs = options.everyMs ?? LIMITS.presenceEveryMs
    this.#endTimer = everyBeat(everyMs, () => this.announce())
    this.announce()
  }

  announce(): void {
    this.#isStale = true
    this.#saying ??= this.#say().finally(() => {
      this.#saying = undefined
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#endTimer()
    await this.#saying
    await this.#options.store.withdraw(this.#options.who).catch(() => {})
  }

  async #say(): Promise<void> {
    const { store, who, served } = this.#options
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false
      const version = served()
      if (version === undefined) return
      await store.announce({ ...who, version }, LIMITS.presenceTtlMs).catch(() => {})
    }
  }
}
