import { Refused } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import {
  amountsOf,
  type CapUsage,
  type Contracts,
  countersFor,
  heldMax,
  type IsWanted,
  monthOf,
  monthOfContract,
  NO_PAST,
  sum,
} from './cap-usage.ts'
import type { CompareCapsOptions } from './compared.ts'
import { grouped } from './price/price-lines.ts'
import { needsAllDays } from './reached-cap.ts'
import { isTooManySets, readUsage } from './read/read-usage.ts'
import { addDays } from './read/stretches.ts'
import type { UsageLine } from './read/usage-line.ts'
import type { UsageLookups } from './read/usage-lookups.ts'

/** So many times more passes, where there are too many sets in each. */
export const PASSES_STEP = 4

interface Known extends CapUsage {
  version: number
  /** The first day that is not in it. */
  before: string
  readAtMs: number
}

/**
 * What was used on days that hardly change any more, of contracts whose caps look at all days. Of months that are over
 * only sums are kept, so that it takes the same room however long a contract lasts.
 */
export class PastUsage {
  readonly #options: CompareCapsOptions
  #known = new Map<string, Known>()

  constructor(options: CompareCapsOptions) {
    this.#options = options
  }

  /** Reads what is not known, or not fresh any more. Rejects where that cannot be read. */
  async read(
    { contracts, passes }: { contracts: Contracts; passes: readonly IsWanted[] },
    before: string,
    lookups: UsageLookups,
  ): Promise<void> {
    const nowMs = this.#options.clock.elapsed()
    const missing = new Map(
      [...contracts].filter(([id, contract]) => {
        if (!needsAllDays(id, contract, lookups.terms)) return false
        const known = this.#known.get(id)
        const isSame = known?.version === contract.version && known.before === before
        return !isSame || nowMs - known.readAtMs >= LIMITS.capsOldEveryMs
      }),
    )
    if (missing.size === 0) return
    const within = { before, passes: passes.length, ...this.#options }
    const lines = await pastLines(missing, lookups, within)
    const linesOf = grouped(lines, ({ contract }) => contract)
    for (const [id, { version }] of missing) {
      const usage = folded(linesOf.get(id) ?? [], monthOf({ day: before }), lookups)
      this.#known.set(id, { ...usage, version, before, readAtMs: nowMs })
    }
  }

  of(contract: string): CapUsage {
    return this.#known.get(contract) ?? { lines: [], past: NO_PAST }
  }

  /** Forgets all others. */
  keep(contracts: Contracts): void {
    for (const id of this.#known.keys()) if (!contracts.has(id)) this.#known.delete(id)
  }
}

interface Within extends CompareCapsOptions {
  /** The first day that is not read. */
  before: string
  /** The more, the fewer sets of segments are held at once. */
  passes: number
}

/** Usage of the days before one, by month. Throws Refused where it is too much to be held. */
async function pastLines(
  contracts: Contracts,
  lookups: UsageLookups,
  { before, passes, tallies, ...options }: Within,
): Promise<UsageLine[]> {
  const wanted = countersFor(contracts, lookups.terms, passes)
  const read = wanted.map((isWanted) => tallies.read('0000-01-01', addDays(before, -1), isWanted))
  return readUsage(read, {
    ...lookups,
    wants: ({ contract }) => contracts.has(contract),
    mergedAs: monthOfContract,
    ...heldMax(options),
  })
}

/** The same, in as many passes as it takes. */
export async function readPast(
  contracts: Contracts,
  lookups: UsageLookups,
  within: Omit<Within, 'passes'>,
): Promise<UsageLine[]> {
  const { passesMax = LIMITS.capsPassesMax } = within
  for (let passes = 1; ; passes = Math.min(passesMax, passes * PASSES_STEP))
    try {
      return await pastLines(contracts, lookups, { ...within, passes })
    } catch (error) {
      if (!(error instanceof Refused && isTooManySets(error)) || passes >= passesMax) throw error
    }
}

/** Nothing is added to months before `month` any more, and their prices look at nothing else. */
function folded(lines: readonly UsageLine[], month: string, { terms }: UsageLookups): CapUsage {
  const over = lines.filter((line) => monthOf(line) < month)
  const units = sum(over.map((line) => line.units))
  const spendMicros = sum([...amountsOf(over, terms).values()])
  return { lines: lines.filter((line) => monthOf(line) >= month), past: { units, spendMicros } }
}
