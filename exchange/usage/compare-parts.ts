import { Refused } from '../../audience/refusal.ts'
import type { Tally } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import { dayIn } from '../moment.ts'
import { type Contracts, countersFor, dayOfContract, heldMax, type IsWanted } from './cap-usage.ts'
import { type CompareCapsOptions, type Compared, unread } from './compared.ts'
import { TallyFollower } from './follow-tallies.ts'
import { PASSES_STEP, PastUsage } from './past-usage.ts'
import { grouped } from './price/price-lines.ts'
import { reachedCap } from './reached-cap.ts'
import { isTooManySets, readUsage } from './read/read-usage.ts'
import { addDays } from './read/stretches.ts'
import type { UsageLine } from './read/usage-line.ts'
import type { UsageLookups } from './read/usage-lookups.ts'

/** Contracts whose usage is read together. */
interface Part {
  contracts: Contracts
  /** What is read, in so many passes: the more, the fewer sets of segments are held at once. */
  passes: IsWanted[]
  /** What was read, by day, of days on which nothing of it changed since. */
  days: Map<string, UsageLine[]>
}

/**
 * Compares the caps of contracts whose usage has to be read line by line: of all at once, or where that is more than a
 * process should hold, in parts. Of each part sums by day stay, and a day is read again when something of it
 * changed. A contract that is too much by itself keeps no other from being compared.
 */
export class PartsComparison {
  readonly #options: CompareCapsOptions
  readonly #changes: TallyFollower
  readonly #past: PastUsage
  /** Parts in which it worked, of which contracts, and since when. */
  #parts: { key: string; since: number; list: Part[] } = { key: '', since: 0, list: [] }
  /** Contracts that were too much by themselves, and until when they are not tried again. */
  readonly #tooMuch = new Map<string, { version: number; untilMs: number; error: string }>()

  constructor(options: CompareCapsOptions) {
    this.#options = options
    this.#changes = new TallyFollower(options.tallies)
    this.#past = new PastUsage(options)
  }

  /** Never rejects. */
  async compare(contracts: Contracts): Promise<Map<string, Compared>> {
    if (contracts.size === 0) return new Map()
    try {
      this.#noteChanges(await this.#changes.next())
    } catch (thrown) {
      return unread(contracts, thrown)
    }
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

  /** Undefined: nobody knows what changed. */
  #noteChanges(changed: readonly Tally[] | undefined): void {
    for (const { days, passes } of this.#parts.list) {
      if (!changed) days.clear()
      else
        for (const { day, field } of changed)
          if (days.has(day) && passes.some((isWanted) => isWanted(field))) days.delete(day)
    }
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
    const wanted = countersFor(contracts, this.#options.lookups().terms, passes)
    return { contracts, passes: wanted, days: new Map() }
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
    const { contracts } = part
    const { lookups, clock } = this.#options
    const nowMs = clock.now()
    const today = dayIn(nowMs)
    const from = addDays(today, -LIMITS.capsRecentDays)
    const lookedUp = lookups()
    await this.#past.read(part, from, lookedUp)
    const recent: UsageLine[] = []
    // The day after today has begun where it is later than here.
    for (let day = from; day <= addDays(today, 1); day = addDays(day, 1))
      recent.push(...(await this.#linesOn(day, part, lookedUp)))
    for (const day of part.days.keys()) if (day < from) part.days.delete(day)
    const linesOf = grouped(recent, ({ contract }) => contract)
    const { terms } = lookedUp
    return [...contracts].map(([id, contract]) => {
      const { lines, past } = this.#past.of(id)
      const usage = { lines: [...lines, ...(linesOf.get(id) ?? [])], past }
      return [id, reachedCap(contract, usage, { terms, nowMs })] as const
    })
  }

  async #linesOn(day: string, { contracts, passes, days }: Part, lookups: UsageLookups) {
    const known = days.get(day)
    if (known) return known
    const read = passes.map((isWanted) => this.#options.tallies.read(day, day, isWanted))
    const lines = await readUsage(read, {
      ...lookups,
      wants: ({ contract }) => contracts.has(contract),
      mergedAs: dayOfContract,
      ...heldMax(this.#options),
    })
    days.set(day, lines)
    return lines
  }
}
