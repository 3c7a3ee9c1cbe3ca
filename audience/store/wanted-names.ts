import { setImmediate as nextTurn } from 'node:timers/promises'
import { LIMITS } from './limits.ts'

type IsWanted = (name: string) => boolean

interface Found {
  names: readonly string[]
  /** As far as they were asked about. */
  upTo: number
  numbers: number[]
}

/**
 * Which names of a table a reader wants, by number. A reader is asked of each name once, for as long as the same
 * function asks over the same table, and in steps between which other work goes on: there may be a million names.
 */
export class WantedNames {
  readonly #known = new WeakMap<IsWanted, Found>()

  /** @param names of one table that only grows; the number of a name is its place in it */
  async numbers(isWanted: IsWanted, names: readonly string[]): Promise<readonly number[]> {
    let found = this.#known.get(isWanted)
    if (found?.names !== names) {
      found = { names, upTo: 0, numbers: [] }
      this.#known.set(isWanted, found)
    }
    while (found.upTo < names.length) {
      const to = Math.min(names.length, found.upTo + LIMITS.namesAskedMax)
      for (; found.upTo < to; found.upTo++)
        if (isWanted(names[found.upTo]!)) found.numbers.push(found.upTo)
      if (to < names.length) await nextTurn()
    }
    return found.numbers
  }
}
