import { setImmediate as nextTurn } from 'node:timers/promises'
import { LIMITS } from '../../limits.ts'
import type { Counts } from '../price/counts.ts'
import type { TallyField } from '../tally-field.ts'
import { Bill, billOf } from './bill.ts'
import { CompetingSet, populationsOf, setOf } from './competing-set.ts'
import type { UsageKey } from './usage-line.ts'
import type { UsageLookups } from './usage-lookups.ts'

/** Takes counters of segments that were used together, and says what falls to each. */
export class SetSplitter {
  readonly #lookups: UsageLookups
  readonly #sets = new Map<string, CompetingSet>()
  #size = 0
  /** What is due of sets that were gathered. */
  readonly #bills = new Map<string, Bill>()
  #lines = 0

  constructor(lookups: UsageLookups) {
    this.#lookups = lookups
  }

  /** Segments in the sets that were taken and not gathered yet. */
  get size(): number {
    return this.#size
  }

  /** Lines to which something is due. */
  get lines(): number {
    return this.#lines
  }

  take(day: string, field: TallyField, value: bigint): void {
    const name = setOf(day, field)
    let set = this.#sets.get(name)
    if (!set) this.#sets.set(name, (set = new CompetingSet(this.#lookups)))
    this.#size -= set.size
    set.take(day, field, value)
    this.#size += set.size
  }

  /**
   * Works out what is due to each segment of the sets that were taken, and forgets them: there may be a set for each
   * kind of person, and all of one day and witness must have been taken. In steps between which other work goes on.
   */
  async gather(): Promise<void> {
    const populations = await populationsOf(this.#sets.values(), this.#lookups)
    let taken = 0
    for (const set of this.#sets.values()) {
      if (++taken % LIMITS.setsSplitMax === 0) await nextTurn()
      for (const [line, share] of set.shares(populations)) {
        const bill = this.#billOf(line.key)
        this.#lines -= bill.size
        bill.add(line, share)
        this.#lines += bill.size
      }
    }
    this.#sets.clear()
    this.#size = 0
  }

  /** What is billed of each line: what is on one bill is rounded together. */
  *split(): Iterable<{ key: UsageKey; counted: keyof Counts; value: bigint }> {
    for (const bill of this.#bills.values()) yield* bill.split()
  }

  #billOf(key: UsageKey): Bill {
    const name = billOf(key, this.#lookups.terms)
    let bill = this.#bills.get(name)
    if (!bill) this.#bills.set(name, (bill = new Bill()))
    return bill
  }
}
