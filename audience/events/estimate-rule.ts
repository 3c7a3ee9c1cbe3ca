import { evaluatePerson } from './evaluate-person.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { OwnerRules } from './rule-book.ts'
import { type WalkDeps, walkPeople } from './walk-people.ts'

export interface EstimateDeps extends WalkDeps {
  /** Default EVENT_LIMITS.estimatePeople. */
  peopleMax?: number
}

/** How many people a rule would hold for now. */
export interface Estimate {
  /** Nobody was left out: the counts are those there are. */
  isExact: boolean
  people: Interval
  /** Of whom the owner has collected anything. */
  base: Interval
  /** People looked at, and of those how many the rule holds for. */
  sampled: number
  matched: number
}

/** A count; with 95 % confidence the true one is within. */
export interface Interval {
  count: number
  low: number
  high: number
}

/**
 * Estimates how many people are in a segment of an owner by its rule. Reads histories in the order of their keys, which are
 * keyed hashes, until enough people of the owner were seen, time is up, or there are no more: a uniform sample. A person
 * of several ids is in it by one of them. How many there are is Wilson's interval of a count in a known share of everybody.
 */
export async function estimateRule(
  deps: EstimateDeps,
  rules: OwnerRules,
  segment: number,
): Promise<Estimate> {
  const { clock, peopleMax = EVENT_LIMITS.estimatePeople } = deps
  const untilMs = clock.elapsed() + EVENT_LIMITS.estimateMs
  const counts = { sampled: 0, matched: 0 }
  let share = 0
  for await (const step of walkPeople(deps, rules)) {
    const nowMs = clock.now()
    share = step.share
    counts.sampled += step.people.length
    for (const person of step.people)
      if (evaluatePerson(rules, person, nowMs).members.has(segment)) counts.matched++
    if (counts.sampled >= peopleMax || clock.elapsed() >= untilMs) break
  }
  return {
    ...counts,
    isExact: share === 1,
    people: countIn(counts.matched, share),
    base: countIn(counts.sampled, share),
  }
}

/**
 * How many there are of whom `seen` are in a share of everybody into which each came by chance, and by itself: Wilson's
 * score interval (1927), solved for the number of trials. Of everybody it is what was seen.
 */
export function countIn(seen: number, share: number): Interval {
  if (share === 0) return { count: 0, low: 0, high: 0 }
  const z2 = Z ** 2 * (1 - share)
  const spread = Math.sqrt(z2 * (z2 + 4 * seen))
  const bound = (sign: number) => (2 * seen + z2 + sign * spread) / (2 * share)
  return {
    count: Math.round(seen / share),
    low: Math.max(seen, Math.floor(bound(-1))),
    high: Math.ceil(bound(1)),
  }
}

/** Of the normal distribution, for 95 %. */
const Z = 1.959964
