import { everyBeat } from '../../audience/beat.ts'
import type { Clock } from '../../audience/clock.ts'
import type { DoorLimits } from '../limits.ts'

/** One request under way, as the sweep sees it. */
export interface Flight {
  /** Its place in the list; kept by InFlight. */
  slot: number
  /** Since when its client owes body bytes (`clock.elapsed()`); NaN while it owes none. */
  bodyOwedSinceMs: number
  /** Until when the handler owes an answer; Infinity for streams. */
  answerDueMs: number
  /** Closes without an answer. */
  cutSlowBody(): void
  failLate(): void
}

/** All requests under way at one door: counted for draining, swept for those that are late. */
export class InFlight {
  private readonly flights: Flight[] = []
  private readonly clock: Clock
  private readonly limits: DoorLimits
  private readonly endSweeps: () => void
  private drainTimer: NodeJS.Timeout | undefined
  private lastEndMs = 0
  private used = false
  private drained: (() => void) | undefined
  private drainEndMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, limits: DoorLimits) {
    this.clock = clock
    this.limits = limits
    this.endSweeps = everyBeat(limits.sweepMs, () => this.sweep())
  }

  add(flight: Flight): void {
    this.used = true
    flight.slot = this.flights.length
    this.flights.push(flight)
  }

  remove(flight: Flight): void {
    const last = this.flights.pop()
    if (last !== undefined && last !== flight) {
      this.flights[flight.slot] = last
      last.slot = flight.slot
    }
    if (this.drained) this.lastEndMs = this.clock.elapsed()
  }

  /** Resolves when nothing is under way and nothing was asked for a while, or after `drainMsMax`. */
  drain(drainMsMax: number): Promise<void> {
    const nowMs = this.clock.elapsed()
    this.drainEndMs = nowMs + drainMsMax
    this.lastEndMs = nowMs
    return new Promise((resolve) => {
      this.drained = resolve
      // Whoever waits for this keeps the process running.
      this.drainTimer ??= setInterval(() => this.sweep(), this.limits.sweepMs)
      this.sweep()
    })
  }

  /** Public so that tests with a wound clock need not wait for the timer. */
  sweep(): void {
    const nowMs = this.clock.elapsed()
    for (const flight of [...this.flights]) {
      if (nowMs - flight.bodyOwedSinceMs > this.limits.slowBodyMsMax) flight.cutSlowBody()
      else if (nowMs > flight.answerDueMs) flight.failLate()
    }
    const quietMs = this.used ? nowMs - this.lastEndMs : Number.POSITIVE_INFINITY
    const quiet = this.flights.length === 0 && quietMs >= this.limits.drainQuietMs
    if (!this.drained || !(quiet || nowMs >= this.drainEndMs)) return
    this.endSweeps()
    clearInterval(this.drainTimer)
    this.drained()
  }
}
