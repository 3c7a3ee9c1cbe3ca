import { SYNC_LIMITS } from './limits.ts'

/** Numbers kept for each partner: asked and answered of browsers that had returned our cookie, then of new ones. */
const PER_PARTNER = 4

/**
 * How often partners answer, for browsers that had returned our cookie when asked and for new ones apart.
 * Kept in this process: what is forgotten with it is learned again within some hundred asks. Partners have
 * small numbers, one after another, so each has its place in one list.
 */
export class AnswerRates {
  #counts = new Float64Array(64 * PER_PARTNER)

  asked(partner: number, wasReturning: boolean): void {
    const at = this.#at(partner, wasReturning)
    const asked = this.#counts[at]! + 1
    const older = asked < SYNC_LIMITS.rateWindowAsks ? 1 : 0.5
    this.#counts[at] = asked * older
    this.#counts[at + 1]! *= older
  }

  answered(partner: number, wasReturning: boolean): void {
    const at = this.#at(partner, wasReturning)
    this.#counts[at + 1]!++
  }

  /** Share of asks that come back, 0 to 1; one half where nothing is known yet. */
  expected(partner: number, wasReturning: boolean): number {
    const at = this.#at(partner, wasReturning)
    return Math.min((this.#counts[at + 1]! + 1) / (this.#counts[at]! + 2), 1)
  }

  /** It hardly answers anybody, not even browsers that keep cookies. */
  isSilent(partner: number): boolean {
    const at = this.#at(partner, true)
    const asked = this.#counts[at]!
    if (asked < SYNC_LIMITS.silentAsksMin) return false
    return this.#counts[at + 1]! < asked * SYNC_LIMITS.silentShare
  }

  #at(partner: number, wasReturning: boolean): number {
    const at = partner * PER_PARTNER
    if (at >= this.#counts.length) {
      const wider = new Float64Array(2 * at)
      wider.set(this.#counts)
      this.#counts = wider
    }
    return wasReturning ? at : at + 2
  }
}
