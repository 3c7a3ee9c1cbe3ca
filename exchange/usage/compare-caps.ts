import type { Clock } from '../../audience/clock.ts'
import { Refused } from '../../audience/refusal.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import type { ReachedCap, UncountedWord } from '../cap.ts'
import { LIMITS } from '../limits.ts'
import { dayIn } from '../moment.ts'
import { type Contracts, countersFor, dayOfContract, heldMax, type IsWanted } from './cap-usage.ts'
import { PastUsage } from './past-usage.ts'
import { grouped } from './price/price-lines.ts'
import { reachedCap } from './reached-cap.ts'
import { isTooManySets, readUsage } from './read/read-usage.ts'
import { addDays } from './read/stretches.ts'
import type { UsageLookups } from './read/usage-lookups.ts'

export interface CompareCapsOptions {
  tallies: TallyStore
  /** What counters are read with, by the catalog as it is now. */
  lookups(): UsageLookups
  clock: Clock
  /** Lines, and segments in the sets of a day, that are held at once; defaults in LIMITS. */
  linesMax?: number
  setMembersMax?: number
  /** Default LIMITS.capsPassesMax. */
  passesMax?: number
}

/** What came of comparing one contract: a cap it has reached, none, or why that is not known. */
export type Compared =
  | { reached: Omit<ReachedCap, 'reachedAt'> | undefined }
  | { uncounted: UncountedWord; error: string }

/** Contracts whose usage is read together. */
interface Part {
  contracts: Contracts
  /** What is read, in so many passes: the more, the fewer sets of segments are held at once. */
  passes: IsWanted[]
}

/** So many times more passes, where there are too many sets in each. */
const PASSES_STEP = 4

/**
 * Compares usage with caps: of all contracts at once, or where that is more than a process should hold, in parts; of
 * each part only the results stay. A contract that is too much by itself keeps no other from being compared.
 */
export class CapComparison {
  readonly #options: CompareCapsOptions
  readonly #past: PastUsage
  /** Parts in which it worked, of which contracts, and since when. */
  #parts: { key: string; since: number; list: Part[] } = { key: '', since: 0, list: [] }
  /** Contracts that were too much by themselves, and until when they are not tried again. */
  readonly #tooMuch = new Map<string, { version: number; untilMs: number; error: string }>()

  constructor(options: CompareCapsOptions) {
    this.#options = options
    this.#past = new PastUsage(options)
  }

  async compare(contracts: Contracts): Promise<Map<string, Compared>> {
    const compared = new Map<string, Compared>()
    this.#past.keep(contracts)
    const waiting = this.#partsOf(contracts, compared)
    const done: Part[] = []
    for (let left: number = LIMITS.capsTooMuchMax; waiting.length > 0; ) {
      const part = waiting.shift()!
      const error = await this.#comparePart(part, compared)
      const isTooMuch = error instanceof Refused
      const smaller = isTooMuch ? this.#smaller(part, error) : []
      if (smaller.length > 0 && left-- > 0) waiting.unshift(...smaller)
      else if (isTooMuch && smaller.length === 0) this.#setAside(part, compared, error)
      else done.push(part)
    }
    this.#parts.list = done
    return compared
  }

  /** How contracts are read now; what is known to be too much is said at once. */
  #partsOf(contracts: Contracts, compared: Map<string, Compared>): Part[] {
    const nowMs = this.#options.clock.elapsed()
    const all = new Map(contracts)
    const again: Part[] = []
    for (const [id, { version, untilMs, error }] of this.#tooMuch) {
      const contract = contracts.get(id)
      if (contract?.version !== version) this.#tooMuch.delete(id)
      else {
        all.delete(id)
        if (nowMs >= untilMs) again.push(this.#partOf(new Map([[id, contract]])))
        else compared.set(id, { uncounted: 'too_much', error })
      }
    }
    const key = [...all].map(([id, { version }]) => `${id}@${version}`).join(' ')
    const { key: known, since } = this.#parts
    if (known !== key || nowMs - since >= LIMITS.capsPartsMs)
      this.#parts = { key, since: nowMs, list: all.size > 0 ? [this.#partOf(all)] : [] }
    return [...this.#parts.list, ...again]
  }

  #partOf(contracts: Contracts, passes = 1): Part {
    return { contracts, passes: countersFor(contracts, this.#options.lookups().terms, passes) }
  }

  /** The same in parts that are less at once; none where it cannot be less. */
  #smaller({ contracts, passes }: Part, error: Refused): Part[] {
    const { passesMax = LIMITS.capsPassesMax } = this.#options
    if (isTooManySets(error) && passes.length < passesMax)
      return [this.#partOf(contracts, Math.min(passesMax, passes.length * PASSES_STEP))]
    if (contracts.size === 1) return []
    const all = [...contracts]
    const half = all.length >> 1
    return [all.slice(0, half), all.slice(half)].map((some) => this.#partOf(new Map(some)))
  }

  #setAside({ contracts }: Part, compared: Map<string, Compared>, { message: error }: Error): void {
    const untilMs = this.#options.clock.elapsed() + LIMITS.capsRetryMs
    for (const [id, { version }] of contracts) {
      this.#tooMuch.set(id, { version, untilMs, error })
      compared.set(id, { uncounted: 'too_much', error })
    }
  }

  /** Returns what it could not be done for; then its contracts count as unread. */
  async #comparePart(part: Part, compared: Map<string, Compared>): Promise<Error | undefined> {
    try {
      for (const [id, reached] of await this.#reachedIn(part)) {
        this.#tooMuch.delete(id)
        compared.set(id, { reached })
      }
      return undefined
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      for (const id of part.contracts.keys())
        compared.set(id, { uncounted: 'unread', error: error.message })
      return error
    }
  }

  async #reachedIn(part: Part) {
    const { contracts, passes } = part
    const { tallies, lookups, clock } = this.#options
    const nowMs = clock.now()
    const today = dayIn(nowMs)
    const from = addDays(today, -LIMITS.capsRecentDays)
    const lookedUp = lookups()
    await this.#past.read(part, from, lookedUp)
    const read = passes.map((isWanted) => tallies.read(from, addDays(today, 1), isWanted))
    const recent = await readUsage(read, {
      ...lookedUp,
      wants: ({ contract }) => contracts.has(contract),
      mergedAs: dayOfContract,
      ...heldMax(this.#options),
    })
    const linesOf = grouped(recent, ({ contract }) => contract)
    const { terms } = lookedUp
    return [...contracts].map(([id, contract]) => {
      const { lines, past } = this.#past.of(id)
      const usage = { lines: [...lines, ...(linesOf.get(id) ?? [])], past }
      return [id, reachedCap(contract, usage, { terms, nowMs })] as const
    })
  }
}
