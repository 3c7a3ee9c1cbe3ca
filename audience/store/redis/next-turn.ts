import type { Clock } from '../../clock.ts'
import { LIMITS } from './limits.ts'

/**
 * The first moment at which a bucket of histories is to be looked at, as far as this process knows: whoever asks before it need not ask
 * Redis. Others on the same store may set an earlier one, so that it is believed for LIMITS.turnBelievedMs at most.
 */
export class NextTurn {
  readonly #clock: Clock
  #atMs = Number.NEGATIVE_INFINITY
  #askedMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether nobody's time has come by then. */
  isBehind(nowMs: number): boolean {
    return nowMs < this.#atMs && this.#clock.elapsed() - this.#askedMs < LIMITS.turnBelievedMs
  }

  /** Asks Redis (`first`) for the earliest; of turns that are set meanwhile it is told by `set`. */
  async ask(first: () => Promise<number>): Promise<void> {
    this.#askedMs = this.#clock.elapsed()
    this.#atMs = Number.POSITIVE_INFINITY
    try {
      this.set(await first())
    } catch (error) {
      this.forget()
      throw error
    }
  }

  /** A turn at this moment is there, or about to be; 0: none. */
  set(atMs: number): void {
    if (atMs > 0) this.#atMs = Math.min(this.#atMs, atMs)
  }

  /** Nothing is known of it. */
  forget(): void {
    this.#atMs = Number.NEGATIVE_INFINITY
  }
}
