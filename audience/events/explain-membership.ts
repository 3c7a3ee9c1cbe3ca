import { DAY_MS, dayOf } from '../clock.ts'
import { ruleHolds } from '../rules/evaluate.ts'
import { type ExplainedPart, explainRule } from '../rules/explain-rule.ts'
import { type Expression, leavesOf } from '../rules/expression.ts'
import type { PersonHistory } from '../rules/history.ts'
import { printExpression } from '../rules/print-expression.ts'
import type { BookRule } from './book-rules.ts'
import { type PersonKnown, seePerson } from './evaluate-person.ts'
import type { OwnerRules } from './rule-book.ts'

/** Why a person is in a segment by its rule, or is not. */
export interface ExplainedMembership {
  /** What the rule says now, asked anew. */
  isIn: boolean
  rule: ExplainedPart
  /** Why the rule holds and the person is not in it. */
  keptOutBy?: KeptOutReason
  /** First UTC day on which it ends whatever the rule says, `ttlDays` after the last event; undefined where it is not in. */
  expiryDay?: number
  /** First moment at which, with nothing new happening, it is out, or in; undefined where time alone does not do it. */
  turnsAtMs?: number
  turnsBy?: TurnReason
  /** Conditions of the rule that turn at that moment. */
  turning: string[]
}

/** Why a membership turns with time. */
export const TurnReasons = {
  condition: 'A condition of the rule no longer is what it was.',
  ttl: 'The segment holds for so many days after the last event of a trait it asks for.',
} as const
export type TurnReason = keyof typeof TurnReasons

/** Why somebody for whom a rule holds is not in its segment. */
export const KeptOutReasons = {
  ttl: 'No event of a trait it asks for is remembered, or the last one is longer ago than the segment holds.',
  contract: 'The contract it rests on has no whole day left.',
} as const
export type KeptOutReason = keyof typeof KeptOutReasons

/** How many moments at which something may change are looked at. */
const TURNS_MAX = 500

/** Explains what an owner's rules make of a person for one segment that has a rule. */
export function explainMembership(
  rules: OwnerRules,
  rule: BookRule,
  { known, nowMs }: { known: PersonKnown; nowMs: number },
): ExplainedMembership {
  const { verdict, history } = seePerson(rules, known, nowMs)
  const member = verdict.members.get(rule.segment)
  const explained = explainRule(rule.tree, history, { nowMs, calendar: rules.calendar })
  const before = { isIn: member !== undefined, history, nowMs }
  return {
    isIn: before.isIn,
    rule: explained,
    ...(explained.holds && !member ? { keptOutBy: keptOutBy(rule, nowMs) } : {}),
    ...(member ? { expiryDay: member.expiryDay } : {}),
    ...turnOf(rules, rule, { known, before, nextMs: verdict.nextMs }),
  }
}

function keptOutBy({ untilMs }: BookRule, nowMs: number): KeptOutReason {
  return untilMs / DAY_MS < dayOf(nowMs) + 1 ? 'contract' : 'ttl'
}

interface Looked {
  isIn: boolean
  history: PersonHistory
  nowMs: number
}

/** Goes from one moment at which something may change to the next, until the answer is another. */
function turnOf(
  rules: OwnerRules,
  rule: BookRule,
  from: { known: PersonKnown; before: Looked; nextMs: number },
): Pick<ExplainedMembership, 'turnsAtMs' | 'turnsBy' | 'turning'> {
  const { known, before } = from
  let nowMs = from.nextMs
  for (let turn = 0; turn < TURNS_MAX && Number.isFinite(nowMs); turn++) {
    const then = { histories: known.histories, held: heldAt(known, nowMs) }
    const { verdict, history } = seePerson(rules, then, nowMs)
    const isIn = verdict.members.has(rule.segment)
    if (isIn !== before.isIn) {
      const after = { isIn, history, nowMs }
      const isByRule = holdsAt(rules, rule.tree, after) === isIn
      const turning = turningBetween(rules, rule.tree, before, after)
      return { turnsAtMs: nowMs, turnsBy: isByRule ? 'condition' : 'ttl', turning }
    }
    nowMs = verdict.nextMs
  }
  return { turning: [] }
}

function turningBetween(
  rules: OwnerRules,
  tree: Expression,
  before: Looked,
  after: Looked,
): string[] {
  const turning = [...leavesOf(tree)].filter(
    (leaf) => holdsAt(rules, leaf, before) !== holdsAt(rules, leaf, after),
  )
  return [...new Set(turning.map(printExpression))]
}

function holdsAt({ calendar }: OwnerRules, tree: Expression, { history, nowMs }: Looked): boolean {
  return ruleHolds(tree, history, { nowMs, calendar })
}

function heldAt({ held }: PersonKnown, nowMs: number): ReadonlyMap<number, number> {
  const today = dayOf(nowMs)
  return new Map([...held].filter(([, expiryDay]) => expiryDay > today))
}
