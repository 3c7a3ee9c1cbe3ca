import { compare } from './empty-profile.ts'
import type { Expression, FrequencyTest } from './expression.ts'
import type { PersonHistory, RuleTime } from './history.ts'
import { propertyHolds } from './property-test.ts'
import { scoreChangeMs, scoreHolds } from './score-test.ts'
import { sequenceChangeMs, sequenceHolds } from './sequence-test.ts'
import { boundsOf, firstChangeMs, isInWindow, isWithin, windowChangeMs } from './window.ts'

/** Whether a rule holds for a person at a moment. */
export function ruleHolds(tree: Expression, history: PersonHistory, at: RuleTime): boolean {
  if ('and' in tree) return tree.and.every((part) => ruleHolds(part, history, at))
  if ('or' in tree) return tree.or.some((part) => ruleHolds(part, history, at))
  if ('not' in tree) return !ruleHolds(tree.not, history, at)
  if ('property' in tree) return propertyHolds(tree, history.property(tree.property))
  if ('frequency' in tree) return compare(countOf(tree, history, at), tree.is, tree.times)
  if ('sequence' in tree) return sequenceHolds(tree, history, at)
  if ('score' in tree) return scoreHolds(tree, history, at)
  const sinceMs = history.memberSinceMs(tree.segment)
  return sinceMs !== undefined && isInWindow(sinceMs, tree.since, at)
}

/**
 * The first moment after now at which a rule may hold or not otherwise than now, with nothing new
 * happening; Infinity where it stays as it is. Never later than the change itself, maybe earlier: who
 * wakes then asks again. This is what makes exits come on time.
 */
export function nextChangeMs(tree: Expression, history: PersonHistory, at: RuleTime): number {
  if ('not' in tree) return nextChangeMs(tree.not, history, at)
  const parts = 'and' in tree ? tree.and : 'or' in tree ? tree.or : undefined
  if (parts === undefined) return leafChangeMs(tree, history, at)
  let nextMs = Number.POSITIVE_INFINITY
  for (const part of parts) nextMs = Math.min(nextMs, nextChangeMs(part, history, at))
  return nextMs
}

/** The same of one condition. */
export function leafChangeMs(leaf: Expression, history: PersonHistory, at: RuleTime): number {
  let nextMs = Number.POSITIVE_INFINITY
  if ('frequency' in leaf)
    for (const trait of leaf.frequency)
      nextMs = Math.min(nextMs, firstChangeMs(history.shown(trait), leaf.window, at))
  else if ('sequence' in leaf) return sequenceChangeMs(leaf, history, at)
  else if ('score' in leaf) return scoreChangeMs(leaf, history, at)
  else if ('segment' in leaf) {
    const sinceMs = history.memberSinceMs(leaf.segment)
    if (sinceMs !== undefined) return windowChangeMs(sinceMs, leaf.since, at)
  }
  return nextMs
}

/** How often what a FREQUENCY counts is in its window. */
export function countOf(
  { frequency, window }: FrequencyTest,
  history: PersonHistory,
  at: RuleTime,
): number {
  let times = 0
  for (const trait of frequency) {
    const shown = history.shown(trait)
    // Most traits of most rules were never shown of a person.
    if (shown.length === 0) continue
    const bounds = boundsOf(window, at)
    for (const { atMs, count } of shown) if (isWithin(atMs, bounds)) times += count
  }
  return times
}
