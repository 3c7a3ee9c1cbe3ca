import type { Clock } from '../clock.ts'
import { LOOKALIKE_LIMITS } from './limits.ts'
import type { Steps } from './lookalike-people.ts'

/** Thrown where work is broken off, since the process ends. */
export class BrokenOff extends Error {}

/** Lets others have their turn of a process that is there for them: after some milliseconds of work, everybody else. */
export class Pace {
  readonly #clock: Clock
  readonly #turn: () => Promise<void>
  readonly #isOver: () => boolean
  #sinceMs: number

  /** `turn` resolves when everybody else has had theirs; by default a turn of the event loop. */
  constructor(clock: Clock, isOver: () => boolean, turn = nextTurn) {
    this.#clock = clock
    this.#isOver = isOver
    this.#turn = turn
    this.#sinceMs = clock.elapsed()
  }

  /** Rejects with BrokenOff where it is over. */
  async rest(): Promise<void> {
    if (this.#isOver()) throw new BrokenOff('broken off')
    if (this.#clock.elapsed() - this.#sinceMs < LOOKALIKE_LIMITS.sliceMs) return
    await this.#turn()
    this.#sinceMs = this.#clock.elapsed()
  }

  async through<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
      await this.rest()
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
