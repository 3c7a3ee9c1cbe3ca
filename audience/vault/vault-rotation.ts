import type { Clock } from '../clock.ts'
import type { Vault } from './vault.ts'

export interface RotationProgress {
  state: 'idle' | 'running' | 'done' | 'failed'
  /** Ids whose values were seen to. */
  ids: number
  startedAt: string | null
  endedAt: string | null
  /** Why it failed, where it did: what was seen to stays, and it may be begun again. */
  reason?: string
}

/** Brings all values under the current key, on command. */
export class VaultRotation {
  readonly #vault: Vault
  readonly #clock: Clock
  #progress: RotationProgress = { state: 'idle', ids: 0, startedAt: null, endedAt: null }
  #underWay: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(vault: Vault, clock: Clock) {
    this.#vault = vault
    this.#clock = clock
  }

  progress(): RotationProgress {
    return { ...this.#progress }
  }

  /** Begins, where it does not run already; false where it does. */
  start(): boolean {
    if (this.#progress.state === 'running') return false
    this.#progress = { state: 'running', ids: 0, startedAt: this.#now(), endedAt: null }
    this.#underWay = this.#run()
    return true
  }

  /** Resolves when what was begun has ended. */
  ended(): Promise<void> {
    return this.#underWay
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#underWay
  }

  async #run(): Promise<void> {
    const end = (how: Pick<RotationProgress, 'state' | 'reason'>) => {
      this.#progress = { ...this.#progress, ...how, endedAt: this.#now() }
    }
    try {
      await this.#vault.rewrap((ids) => {
        this.#progress.ids += ids
        return !this.#isClosed
      })
      await this.#vault.uses()
      end(this.#isClosed ? { state: 'failed', reason: 'the desk was stopped' } : { state: 'done' })
    } catch (error) {
      end({ state: 'failed', reason: error instanceof Error ? error.message : String(error) })
    }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}
