import { Refused } from '../../audience/refusal.ts'
import type { ReachedCap } from '../cap.ts'
import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { dayIn } from '../moment.ts'
import { type Contracts, NO_PAST } from './cap-usage.ts'
import { type CompareCapsOptions, type Compared, unread } from './compared.ts'
import { TallyFollower } from './follow-tallies.ts'
import { FollowedUsage } from './followed-usage.ts'
import { readPast } from './past-usage.ts'
import { dayAt, reachedCap } from './reached-cap.ts'
import { addDays } from './read/stretches.ts'
import type { UsageLine } from './read/usage-line.ts'
import type { UsageTerms } from './usage-terms.ts'

/** What came of comparing, and of what it did: it is the same until one of these is another. */
interface Result {
  contract: ContractRecord
  lines: readonly UsageLine[]
  day: NonNullable<ReachedCap['day']>
  reached: Omit<ReachedCap, 'reachedAt'> | undefined
}

/** What is followed: all, contracts alone whose segments do not compete, or none. */
const FOLLOWED = ['all', 'plain', 'none'] as const
export type Follows = (typeof FOLLOWED)[number]

/** Compares caps by sums that are kept by what changes, where they can be held. */
export class FollowedComparison {
  readonly #options: CompareCapsOptions
  readonly #changes: TallyFollower
  readonly #usage: FollowedUsage
  #results = new Map<string, Result>()
  /** Place in FOLLOWED, and until when (`Clock.elapsed`): then it is tried with all again. */
  #less = { by: 0, untilMs: Number.NEGATIVE_INFINITY }

  constructor(options: CompareCapsOptions) {
    const { tallies, followedMax: countersMax = LIMITS.capsFollowedMax } = options
    this.#options = options
    this.#changes = new TallyFollower(tallies)
    this.#usage = new FollowedUsage({
      tallies,
      countersMax,
      readPast: (contracts, before, lookups) =>
        readPast(contracts, lookups, { ...options, before }),
      pastEveryMs: LIMITS.capsOldEveryMs,
    })
  }

  /** What it can compare: where there are more counters than are held, others have to be compared in another way for a while. */
  follows(): Follows {
    return this.#options.clock.elapsed() < this.#less.untilMs ? FOLLOWED[this.#less.by]! : 'all'
  }

  /** Compares none where it turns out to be too much. Never rejects. */
  async compare(contracts: Contracts): Promise<Map<string, Compared>> {
    if (contracts.size === 0) return new Map()
    try {
      return (await this.#isFollowed(contracts)) ? this.#compared(contracts) : new Map()
    } catch (thrown) {
      return unread(contracts, thrown)
    }
  }

  async #isFollowed(contracts: Contracts): Promise<boolean> {
    const { clock, lookups } = this.#options
    const lookedUp = lookups()
    const changed = await this.#changes.next()
    if (changed) this.#usage.apply(changed, lookedUp)
    else this.#usage.forget()
    const from = addDays(dayIn(clock.now()), -LIMITS.capsRecentDays)
    const elapsedMs = clock.elapsed()
    try {
      if (await this.#usage.follow(contracts, { from, lookups: lookedUp, elapsedMs })) return true
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
    this.#usage.forget()
    const by = FOLLOWED.indexOf(this.follows()) + 1
    this.#less = { by, untilMs: elapsedMs + LIMITS.capsPartsMs }
    return false
  }

  #compared(contracts: Contracts): Map<string, Compared> {
    const { terms } = this.#options.lookups()
    const nowMs = this.#options.clock.now()
    const before = this.#results
    this.#results = new Map()
    const compared = new Map<string, Compared>()
    for (const [id, contract] of contracts) {
      const lines = this.#usage.linesOf(id, terms)
      const known = before.get(id)
      const isSame = known?.contract === contract && known.lines === lines && isIn(known.day, nowMs)
      const result = isSame ? known : resultOf(contract, lines, { terms, nowMs })
      this.#results.set(id, result)
      compared.set(id, { reached: result.reached })
    }
    return compared
  }
}

function resultOf(
  contract: ContractRecord,
  lines: readonly UsageLine[],
  at: { terms: UsageTerms; nowMs: number },
): Result {
  const reached = reachedCap(contract, { lines, past: NO_PAST }, at)
  return { contract, lines, day: dayAt(contract, at.nowMs), reached }
}

function isIn({ fromMs, untilMs }: Result['day'], nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < untilMs
}
