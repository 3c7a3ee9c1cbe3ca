import type { ContractRecord } from '../contract.ts'
import { type Contracts, competes } from './cap-usage.ts'
import { FollowedComparison } from './compare-followed.ts'
import { PartsComparison } from './compare-parts.ts'
import type { CompareCapsOptions, Compared } from './compared.ts'
import type { UsageLookups } from './read/usage-lookups.ts'

/** Contracts that are compared by themselves. */
export interface CapLane {
  /** What came of those of these contracts that it compares. Never rejects. */
  compare(contracts: Contracts): Promise<Map<string, Compared>>
}

interface Sorted {
  contracts: Contracts
  /** Whose segments do not compete. */
  plain: Contracts
  competing: Contracts
}

/**
 * Compares usage with caps, in two lanes of which neither waits for the other. Of contracts whose segments do not
 * compete sums are held and kept by what changes, so that a comparison costs what was counted since the last one, however
 * much there is. What falls to the others hangs on every set of segments that were used together, and is read.
 */
export class CapComparison {
  readonly lanes: readonly CapLane[]
  #sorted: Sorted | undefined

  constructor(options: CompareCapsOptions) {
    const followed = new FollowedComparison(options)
    const parts = new PartsComparison(options)
    const sort = (contracts: Contracts) => this.#sort(contracts, options.lookups())
    this.lanes = [
      {
        compare: async (contracts) =>
          followed.isTooMuch() ? new Map() : followed.compare(sort(contracts).plain),
      },
      {
        compare: (contracts) =>
          parts.compare(followed.isTooMuch() ? contracts : sort(contracts).competing),
      },
    ]
  }

  /** The same contracts are sorted once: there may be thousands, and their terms stay what they are. */
  #sort(contracts: Contracts, { terms }: UsageLookups): Sorted {
    if (this.#sorted?.contracts === contracts) return this.#sorted
    const plain = new Map<string, ContractRecord>()
    const competing = new Map<string, ContractRecord>()
    for (const [id, one] of contracts) (competes(id, one, terms) ? competing : plain).set(id, one)
    this.#sorted = { contracts, plain, competing }
    return this.#sorted
  }
}
