import type { ContractRecord } from '../contract.ts'
import { type Contracts, competes } from './cap-usage.ts'
import { FollowedComparison, type Follows } from './compare-followed.ts'
import { PartsComparison } from './compare-parts.ts'
import type { CompareCapsOptions, Compared } from './compared.ts'

/** Contracts that are compared by themselves. */
export interface CapLane {
  /** What came of those of these contracts that it compares. Never rejects. */
  compare(contracts: Contracts): Promise<Map<string, Compared>>
}

/** Which contracts are compared in which lane. */
interface Shared {
  followed: Contracts
  read: Contracts
}

const NONE: Contracts = new Map()

/**
 * Compares usage with caps, in two lanes of which neither waits for the other: by sums that are kept by what changes,
 * so that a comparison costs what was counted since the last one, however much there is; and by reading, what
 * is more than is held.
 */
export class CapComparison {
  readonly lanes: readonly CapLane[]
  readonly #options: CompareCapsOptions
  #sorted: (Shared & { contracts: Contracts }) | undefined

  constructor(options: CompareCapsOptions) {
    this.#options = options
    const followed = new FollowedComparison(options)
    const parts = new PartsComparison(options)
    const share = (contracts: Contracts) => this.#share(contracts, followed.follows())
    this.lanes = [
      { compare: (contracts) => this.#follow(contracts, followed) },
      { compare: (contracts) => parts.compare(share(contracts).read) },
    ]
  }

  /** Where it is too much, less of it: what is left over is the other lane's. */
  async #follow(contracts: Contracts, followed: FollowedComparison) {
    for (;;) {
      const follows = followed.follows()
      const compared = await followed.compare(this.#share(contracts, follows).followed)
      if (followed.follows() === follows) return compared
    }
  }

  #share(contracts: Contracts, follows: Follows): Shared {
    if (follows === 'all') return { followed: contracts, read: NONE }
    if (follows === 'none') return { followed: NONE, read: contracts }
    return this.#sort(contracts)
  }

  /** The same contracts are sorted once: there may be thousands, and their terms stay what they are. */
  #sort(contracts: Contracts): Shared {
    if (this.#sorted?.contracts === contracts) return this.#sorted
    const { terms } = this.#options.lookups()
    const [followed, read] = [new Map<string, ContractRecord>(), new Map<string, ContractRecord>()]
    for (const [id, one] of contracts) (competes(id, one, terms) ? read : followed).set(id, one)
    this.#sorted = { contracts, followed, read }
    return this.#sorted
  }
}
