import { SYNC_LIMITS } from './limits.ts'

interface Counts {
  asked: number
  answered: number
}

interface Kinds {
  returning: Counts
  fresh: Counts
}

/**
 * How often partners answer, for browsers that had returned our cookie when asked and for new ones apart.
 * Kept in this process: what is forgotten with it is learned again within some hundred asks.
 */
export class AnswerRates {
  readonly #partners = new Map<number, Kinds>()

  asked(partner: number, wasReturning: boolean): void {
    const counts = this.#of(partner, wasReturning)
    counts.asked++
    if (counts.asked < SYNC_LIMITS.rateWindowAsks) return
    counts.asked /= 2
    counts.answered /= 2
  }

  answered(partner: number, wasReturning: boolean): void {
    this.#of(partner, wasReturning).answered++
  }

  /** Share of asks that come back, 0 to 1; one half where nothing is known yet. */
  expected(partner: number, wasReturning: boolean): number {
    const { asked, answered } = this.#of(partner, wasReturning)
    return Math.min((answered + 1) / (asked + 2), 1)
  }

  /** It hardly answers anybody, not even browsers that keep cookies. */
  isSilent(partner: number): boolean {
    const { asked, answered } = this.#of(partner, true)
    return asked >= SYNC_LIMITS.silentAsksMin && answered < asked * SYNC_LIMITS.silentShare
  }

  #of(partner: number, wasReturning: boolean): Counts {
    let kinds = this.#partners.get(partner)
    if (kinds === undefined) {
      kinds = { returning: { asked: 0, answered: 0 }, fresh: { asked: 0, answered: 0 } }
      this.#partners.set(partner, kinds)
    }
    return wasReturning ? kinds.returning : kinds.fresh
  }
}
