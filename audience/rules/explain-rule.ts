import { countOf, leafChangeMs, ruleHolds } from './evaluate.ts'
import type { Expression } from './expression.ts'
import type { PersonHistory, RuleTime } from './history.ts'
import { printExpression } from './print-expression.ts'
import { scoreOf } from './score-test.ts'
import { sequenceWay } from './sequence-test.ts'
import { boundsOf, isInWindow, type WindowBounds } from './window.ts'

/** What a part of a rule comes to for a person at a moment. */
export interface ExplainedPart {
  /** The part as text. */
  rule: string
  holds: boolean
  /** Of AND, OR and NOT. */
  is: 'and' | 'or' | 'not' | 'condition'
  parts: ExplainedPart[]
  /** Events that came into a count, a sequence's way or a score; points of a score; absent with a segment. */
  value?: number
  /** The moments it counts, oldest first: those in the window, on the way, or with a say in the score. */
  moments: ExplainedMoment[]
  /** What the window of a count, or of a SINCE, holds now. */
  window?: WindowBounds
  /** When the person came into the segment that is asked for. */
  sinceMs?: number
  /** First moment at which time alone may change it; Infinity: never. */
  changesAtMs: number
}

export interface ExplainedMoment {
  trait: string
  atMs: number
  /** Events at this moment. */
  count: number
}

/** The tree of a rule with what each part of it comes to: decided by the very functions that decide on memberships. */
export function explainRule(tree: Expression, history: PersonHistory, at: RuleTime): ExplainedPart {
  const [is, inner] = partsOf(tree)
  const parts = inner.map((part) => explainRule(part, history, at))
  const common = { rule: printExpression(tree), holds: ruleHolds(tree, history, at), is, parts }
  if (is !== 'condition') {
    const changesAtMs = Math.min(...parts.map((part) => part.changesAtMs))
    return { ...common, moments: [], changesAtMs }
  }
  const changesAtMs = leafChangeMs(tree, history, at)
  return { ...common, ...conditionOf(tree, history, at), changesAtMs }
}

function partsOf(tree: Expression): [ExplainedPart['is'], readonly Expression[]] {
  if ('and' in tree) return ['and', tree.and]
  if ('or' in tree) return ['or', tree.or]
  return 'not' in tree ? ['not', [tree.not]] : ['condition', []]
}

type Condition = Pick<ExplainedPart, 'moments' | 'value' | 'window' | 'sinceMs'>

function conditionOf(tree: Expression, history: PersonHistory, at: RuleTime): Condition {
  if ('frequency' in tree) {
    const { window, frequency } = tree
    const moments = shownOf(frequency, history).filter(({ atMs }) => isInWindow(atMs, window, at))
    return { moments, value: countOf(tree, history, at), window: boundsOf(window, at) }
  }
  if ('sequence' in tree) {
    const moments = sequenceWay(tree, history, at).map((step) => ({ ...step, count: 1 }))
    return { moments, value: moments.length }
  }
  if ('score' in tree) {
    const traits = tree.score.map(({ trait }) => trait)
    const moments = shownOf(traits, history).filter(({ atMs }) => atMs <= at.nowMs)
    return { moments, value: scoreOf(tree, history, at) }
  }
  if (!('segment' in tree)) return { moments: [] }
  const sinceMs = history.memberSinceMs(tree.segment)
  return {
    moments: [],
    ...(tree.since ? { window: boundsOf(tree.since, at) } : {}),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  }
}

function shownOf(traits: Iterable<string>, history: PersonHistory): ExplainedMoment[] {
  const moments = [...traits].flatMap((trait) =>
    history.shown(trait).map(({ atMs, count }) => ({ trait, atMs, count })),
  )
  return moments.sort((a, b) => a.atMs - b.atMs)
}
