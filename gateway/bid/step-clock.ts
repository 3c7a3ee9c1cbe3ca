import type { Clock } from '../../audience/clock.ts'
import { BID_LIMITS } from './limits.ts'

/** The stops of a bid request, in the order of its life. */
export const Step = {
  arrive: 0,
  scan: 1,
  permit: 2,
  identify: 3,
  recall: 4,
  entitle: 5,
  splice: 6,
  reply: 7,
} as const
export type Step = (typeof Step)[keyof typeof Step]

export const STEP_NAMES = Object.keys(Step) as (keyof typeof Step)[]

/** Times one request in BID_LIMITS.stepSampleEvery, and each traced one, step by step; for the others a step is one comparison. */
export class StepClock {
  isOn = false
  /** Microseconds by step of the request being timed; 0 where a step was not reached. */
  readonly us = new Float64Array(STEP_NAMES.length)
  #lastMs = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(isOn: boolean, atMs: number): void {
    this.isOn = isOn
    if (!isOn) return
    this.us.fill(0)
    this.#lastMs = atMs
  }

  /** Ends a step: what passed since the one before is its time. */
  end(step: Step): void {
    if (!this.isOn) return
    const nowMs = this.#clock.elapsed()
    this.us[step] = (nowMs - this.#lastMs) * 1000
    this.#lastMs = nowMs
  }
}

let turn = 0

/** Whether it is this request's turn to be timed. */
export function isSampled(): boolean {
  turn = turn + 1 === BID_LIMITS.stepSampleEvery ? 0 : turn + 1
  return turn === 0
}
