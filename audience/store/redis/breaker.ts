import type { Clock } from '../../clock.ts'
import { BREAKER } from './limits.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/**
 * Stops asking a Redis that does not answer, and tries it again with single probes.
 *
 *     closed ──half of ≥ 20 calls in 500 ms failed, or too many wait──▶ open
 *     open   ──after 250 ms, twice that after each failed probe──▶ half-open
 *     half-open ──a probe each 100 ms: one answered──▶ closed · one failed──▶ open
 */
export class Breaker {
  readonly #clock: Clock
  #state: BreakerState = 'closed'
  #windowFrom = 0
  #calls = 0
  #failures = 0
  #openMs: number = BREAKER.openMs
  #probeAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get state(): BreakerState {
    return this.#state
  }

  /** Whether a call may be made now. */
  admit(): boolean {
    if (this.#state === 'closed') return true
    const now = this.#clock.elapsed()
    if (now < this.#probeAt) return false
    this.#state = 'half-open'
    this.#probeAt = now + BREAKER.probeEveryMs
    return true
  }

  answered(): void {
    if (this.#state === 'half-open') this.close()
    else this.#count(0)
  }

  failed(): void {
    if (this.#state === 'half-open') this.open()
    else this.#count(1)
    if (this.#state !== 'closed' || this.#calls < BREAKER.callsMin) return
    if (this.#failures >= this.#calls * BREAKER.failureShare) this.open()
  }

  /** Also called where too many calls wait already. */
  open(): void {
    if (this.#state === 'open') return
    this.#state = 'open'
    this.#probeAt = this.#clock.elapsed() + this.#openMs
    this.#openMs = Math.min(this.#openMs * 2, BREAKER.openMaxMs)
  }

  /** Also called on a new connection: what the old one failed says nothing about it. */
  close(): void {
    this.#state = 'closed'
    this.#openMs = BREAKER.openMs
    this.#calls = 0
    this.#failures = 0
  }

  #count(failures: 0 | 1): void {
    const now = this.#clock.elapsed()
    if (now - this.#windowFrom >= BREAKER.windowMs) {
      this.#windowFrom = now
      this.#calls = 0
      this.#failures = 0
    }
    this.#calls++
    this.#failures += failures
  }
}
