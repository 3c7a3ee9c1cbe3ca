import { Period } from './period.ts'

/** Something that begins and ends. */
export interface HasDates {
  readonly startsMs: number
  readonly endsMs: number
}

/** Things with dates, and around a moment the stretch of time in which none of them begins or ends. */
export class Dated<T extends HasDates> {
  readonly all: readonly T[]
  /** Worked out once for all moments within it. */
  #period: Period | undefined

  constructor(all: readonly T[]) {
    this.all = all
  }

  periodAt(nowMs: number): Period {
    if (this.#period?.holds(nowMs)) return this.#period
    const period = new Period(nowMs)
    this.include(period)
    this.#period = period
    return period
  }

  protected include(period: Period): void {
    for (const one of this.all) period.include(one.startsMs, one.endsMs)
  }
}
