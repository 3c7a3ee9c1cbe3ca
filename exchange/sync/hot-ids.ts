import type { Audience } from '../../audience/audience.ts'
import type { Clock } from '../../audience/clock.ts'
import { SYNC_LIMITS } from './limits.ts'
import { quarantine, type WatchedId } from './quarantine.ts'

/**
 * Finds ids that one import says are thousands of people's: those for which match after match is refused, since
 * the person has as many ids as one may be joined of. Such an id is taken from all whom its owner matched it with, and
 * refused for a month. Remembers the ids refused last, up to a bound.
 */
export class HotIds {
  readonly #deps: { audience: Audience; clock: Clock }
  readonly #owner: number
  readonly #refusals = new Map<string, number>()

  /** `owner`: number of the partner whose matches they are; 0 is the exchange. */
  constructor(deps: { audience: Audience; clock: Clock }, owner: number) {
    this.#deps = deps
    this.#owner = owner
  }

  /** A match between these ids was refused for want of room; true where one of them is hot from now on. */
  async refused(ids: readonly WatchedId[]): Promise<boolean> {
    let isHot = false
    for (const id of ids) {
      if (this.#count(id) !== SYNC_LIMITS.refusalsPerIdMax) continue
      isHot = true
      await quarantine(this.#deps, id, this.#owner)
    }
    return isHot
  }

  #count({ namespace, value }: WatchedId): number {
    const name = `${namespace} ${value}`
    const count = (this.#refusals.get(name) ?? 0) + 1
    this.#refusals.delete(name)
    this.#refusals.set(name, count)
    if (this.#refusals.size > SYNC_LIMITS.refusedIdsMax) {
      const [oldest] = this.#refusals.keys()
      this.#refusals.delete(oldest!)
    }
    return count
  }
}
