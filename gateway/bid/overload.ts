import type { Clock } from '../../audience/clock.ts'
import { BID_LIMITS } from './limits.ts'

const TICK_MS = 20
/** Ticks without a request, after which it rests: a process that has nothing to do is not behind. */
const RESTS_AFTER = 50
const SMOOTHING = 0.3
/** However long one tick was late, it alone does not reach the limit. */
const LATE_MS_MAX = 2 * BID_LIMITS.lagMsMax

/**
 * Whether this process is behind: the smoothed lateness of a short timer. A single late tick (garbage
 * collection, a noisy neighbour) does not turn requests away; a queue that stands does.
 */
export class Overload {
  lagMs = 0
  #due = 0
  #idleTicks = 0
  readonly #clock: Clock
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#start()
  }

  /** To be asked for each request. */
  get isBehind(): boolean {
    this.#idleTicks = 0
    if (this.#timer === undefined) this.#start()
    return this.lagMs > BID_LIMITS.lagMsMax
  }

  /** Whether it looks: see RESTS_AFTER. */
  get isLooking(): boolean {
    return this.#timer !== undefined
  }

  /** Called by the timer; by tests with a clock of their own. */
  tick(): void {
    const now = this.#clock.elapsed()
    const lateMs = Math.min(Math.max(0, now - this.#due), LATE_MS_MAX)
    this.lagMs += SMOOTHING * (lateMs - this.lagMs)
    this.#due = now + TICK_MS
    if (++this.#idleTicks > RESTS_AFTER) this.close()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.lagMs = 0
  }

  #start(): void {
    this.#due = this.#clock.elapsed() + TICK_MS
    this.#timer = setInterval(() => this.tick(), TICK_MS)
    this.#timer.unref()
  }
}
