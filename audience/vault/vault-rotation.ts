import type { Clock } from '../clock.ts'
import type { Vault } from './vault.ts'

export interface RotationProgress {
  state: 'idle' | 'running' | 'done' | 'failed'
  /** Ids whose values were seen to. */
  ids: number
  startedAt: string | null
  endedAt: string | null
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
    const end = (state: RotationProgress['state']) => {
      this.#progress = { ...this.#progress, state, endedAt: this.#now() }
    }
    try {
      await this.#vault.rewrap((ids) => {
        this.#progress.ids += ids
        return !this.#isClosed
      })
      await this.#vault.uses()
      end(this.#isClosed ? 'failed' : 'done')
    } catch {
      end('failed')
    }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}
