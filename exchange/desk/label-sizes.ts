import { LIMITS } from '../limits.ts'
import { countPopulations, type PopulationsOptions } from '../usage/populations.ts'
import { orWhenLate } from './or-when-late.ts'

/**
 * How many ids data labels say a segment has. Counted apart from what is billed by population, which must not
 * wait for whoever reads labels.
 */
export class LabelSizes {
  readonly #populations: ReturnType<typeof countPopulations>
  #underWay = 0

  constructor(options: PopulationsOptions) {
    this.#populations = countPopulations(options)
  }

  /**
   * In whole steps of LIMITS.sizeStep. Undefined where counting takes longer than a caller should wait, or
   * LIMITS.labelCountsMax are counted already: what is begun goes on, and is there when asked again.
   */
  async about(segment: string): Promise<number | undefined> {
    if (this.#underWay >= LIMITS.labelCountsMax) return undefined
    this.#underWay++
    const counting = this.#populations(new Set([segment])).finally(() => void this.#underWay--)
    const counted = await orWhenLate(counting, LIMITS.sizeWaitMsMax, () => undefined)
    if (!counted) return undefined
    return Math.floor(Number(counted.get(segment)) / LIMITS.sizeStep) * LIMITS.sizeStep
  }
}
