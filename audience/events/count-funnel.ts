import { ruleHolds } from '../rules/evaluate.ts'
import type { Duration, Expression, SequenceStep } from '../rules/expression.ts'
import type { PersonHistory } from '../rules/history.ts'
import { countIn, type Interval } from './estimate-rule.ts'
import { type PersonKnown, shownOf } from './evaluate-person.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { OwnerRules } from './rule-book.ts'
import { type WalkDeps, walkPeople } from './walk-people.ts'

export interface FunnelAsked {
  /** Trait ids, in the order in which they are to be shown. */
  steps: readonly string[]
  /** How long after the step before each has to follow at most. */
  within: Duration | undefined
  /** Only what was shown from this moment on counts. */
  sinceMs: number
}

export interface Funnel {
  /** Nobody was left out. */
  isExact: boolean
  /** Of whom the owner has collected anything. */
  base: Interval
  /** Who came as far as each step, and how many of those looked at. */
  steps: { people: Interval; seen: number }[]
}

/**
 * How many people of an owner showed its traits one after the other: as far as a step comes who the rule
 * `SEQUENCE(first THEN … THEN that step)` holds for. Everybody is asked; after EVENT_LIMITS.funnelMs it stops, and says
 * how many there are as an estimate does.
 */
export async function countFunnel(
  deps: WalkDeps,
  rules: OwnerRules,
  asked: FunnelAsked,
): Promise<Funnel> {
  const { clock } = deps
  const untilMs = clock.elapsed() + EVENT_LIMITS.funnelMs
  const trees = asked.steps.map((_, last) => treeOf(asked, last))
  const seen = asked.steps.map(() => 0)
  let [sampled, share] = [0, 0]
  for await (const step of walkPeople(deps, rules)) {
    const nowMs = clock.now()
    share = step.share
    sampled += step.people.length
    for (const person of step.people) {
      const history = historyOf(rules, person, { sinceMs: asked.sinceMs, nowMs })
      const failed = trees.findIndex(
        (tree) => !ruleHolds(tree, history, { nowMs, calendar: rules.calendar }),
      )
      for (let i = 0; i < (failed < 0 ? trees.length : failed); i++) seen[i]!++
    }
    if (clock.elapsed() >= untilMs) break
  }
  return {
    isExact: share === 1,
    base: countIn(sampled, share),
    steps: seen.map((count) => ({ people: countIn(count, share), seen: count })),
  }
}

/** The rule of who came as far as a step. */
export function treeOf({ steps, within }: FunnelAsked, last: number): Expression {
  if (last === 0) return { frequency: [steps[0]!], is: '>=', times: 1 }
  const sequence = steps.slice(0, last + 1).map(
    (trait, i): SequenceStep => ({
      trait,
      ...(i > 0 && within !== undefined ? { within } : {}),
    }),
  )
  return { sequence }
}

function historyOf(
  rules: OwnerRules,
  person: PersonKnown,
  { sinceMs, nowMs }: { sinceMs: number; nowMs: number },
): PersonHistory {
  const history = shownOf(rules, person, nowMs)
  return {
    shown: (trait) => history.shown(trait).filter(({ atMs }) => atMs >= sinceMs && atMs <= nowMs),
    property: () => [],
    memberSinceMs: () => undefined,
  }
}
