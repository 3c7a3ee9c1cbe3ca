import { type Clock, systemClock } from '../../../audience/clock.ts'

/** Runs with the world; fast where a test asks for it, so that what takes seconds to be late is so at once. */
export class FastClock implements Clock {
  readonly now = systemClock.now
  #aheadMs = 0

  elapsed(): number {
    return systemClock.elapsed() + this.#aheadMs
  }

  /** What `event` brings, while this clock runs fast. */
  async hurried<T>(event: Promise<T>): Promise<T> {
    const timer = setInterval(() => {
      this.#aheadMs += 1_000
    }, 5)
    try {
      return await event
    } finally {
      clearInterval(timer)
    }
  }
}
