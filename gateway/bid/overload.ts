import type { Clock } from '../../audience/clock.ts'
import { BID_LIMITS } from './limits.ts'

const TICK_MS = 20
const SMOOTHING = 0.3
/** However long one tick was late, it alone does not reach the limit. */
const LATE_MS_MAX = 2 * BID_LIMITS.lagMsMax

/**
 * Whether this process is behind: the smoothed lateness of a short timer. A single late tick (garbage
 * collection, a noisy neighbour) does not turn requests away; a queue that stands does.
 */
export class Overload {
  lagMs = 0
  #due: number
  readonly #clock: Clock
  readonly #timer: NodeJS.Timeout

  constructor(clock: Clock) {
    this.#clock = clock
    this.#due = clock.elapsed() + TICK_MS
    this.#timer = setInterval(() => this.tick(), TICK_MS)
    this.#timer.unref()
  }

  get isBehind(): boolean {
    return this.lagMs > BID_LIMITS.lagMsMax
  }

  /** Called by the timer; by tests with a clock of their own. */
  tick(): void {
    const now = this.#clock.elapsed()
    const lateMs = Math.min(Math.max(0, now - this.#due), LATE_MS_MAX)
    this.lagMs += SMOOTHING * (lateMs - this.lagMs)
    this.#due = now + TICK_MS
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
