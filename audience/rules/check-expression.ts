import type { Problem } from '../refusal.ts'
import { holdsForNobody } from './empty-profile.ts'
import {
  type Duration,
  durationOf,
  type Expression,
  type FrequencyTest,
  leavesOf,
  type PropertyTest,
  type ScoreTest,
  type SequenceTest,
} from './expression.ts'
import { LIMITS } from './limits.ts'
import { compilePattern } from './pattern.ts'

/** What a rule is asked of: one event (a trait's `when`) or a person (a segment's `rule`). */
export type RuleSubject = 'event' | 'person'

/** Everything about a well-formed tree that makes no sense, at `field`. */
export function checkExpression(tree: Expression, field: string, subject: RuleSubject): Problem[] {
  const reasons = new Set<string>()
  const leaves = [...leavesOf(tree)]
  if (depthOf(tree) > LIMITS.depthMax)
    reasons.add(`AND, OR and NOT are nested more than ${LIMITS.depthMax} deep`)
  if (leaves.length > LIMITS.leavesMax)
    reasons.add(`has ${leaves.length} conditions, at most ${LIMITS.leavesMax} are allowed`)
  for (const leaf of leaves) {
    addAll(reasons, partsReasons(leaf))
    if ('score' in leaf) addAll(reasons, scoreReasons(leaf))
    if ('property' in leaf) addAll(reasons, propertyReasons(leaf))
    else if (subject === 'event')
      reasons.add('asks of one event, so it knows properties only: no trait, score or segment')
    else if ('sequence' in leaf) addAll(reasons, sequenceReasons(leaf))
    for (const duration of durationsOf(leaf)) addAll(reasons, durationReasons(duration))
    if ('frequency' in leaf) addAll(reasons, frequencyReasons(leaf))
  }
  if (reasons.size === 0 && holdsForNobody(tree))
    reasons.add('holds for somebody of whom nothing is known: ask for something that was seen')
  return [...reasons].map((reason) => ({ field, reason }))
}

function depthOf(tree: Expression): number {
  if ('and' in tree) return 1 + Math.max(...tree.and.map(depthOf))
  if ('or' in tree) return 1 + Math.max(...tree.or.map(depthOf))
  return 'not' in tree ? 1 + depthOf(tree.not) : 0
}

function* partsReasons(leaf: object): Iterable<string> {
  const { frequency, score, sequence } = leaf as Record<string, unknown[] | undefined>
  if ((frequency ?? score ?? sequence ?? []).length > LIMITS.partsMax)
    yield `a condition has 1 to ${LIMITS.partsMax} parts`
}

function* frequencyReasons({ frequency, times }: FrequencyTest): Iterable<string> {
  if (!(Number.isInteger(times) && times >= 0 && times <= LIMITS.timesMax))
    yield `${times} is no count from 0 to ${LIMITS.timesMax}`
  if (new Set(frequency).size < frequency.length) yield 'a FREQUENCY names each trait once'
}

function* scoreReasons({ score, halfLife, is, value }: ScoreTest): Iterable<string> {
  const { scoreMin, scoreWeightMax } = LIMITS
  if (is === '==') yield 'a score decays all the time: compare it with >=, <=, > or <'
  if (value !== 0 && Math.abs(value) < scoreMin)
    yield `a score is compared with 0, or with ${scoreMin} and more`
  if (score.some(({ weight }) => Math.abs(weight) > scoreWeightMax))
    yield `a weight is from -${scoreWeightMax} to ${scoreWeightMax}`
  if (durationOf(halfLife).ms === 0) yield 'a HALFLIFE is longer than 0D'
}

function* propertyReasons({ property, is, value }: PropertyTest): Iterable<string> {
  if (property === '' || property.length > LIMITS.pathCharsMax || /[`\u0000-\u001f]/.test(property))
    yield 'a property is named by 1 to 256 characters, none of them ` or a control character'
  const values = Array.isArray(value) ? value : value === undefined ? [] : [value]
  if (values.some((one) => typeof one === 'string' && one.length > LIMITS.valueCharsMax))
    yield `a text compared with has at most ${LIMITS.valueCharsMax} characters`
  if (is === 'in' && values.length > LIMITS.valuesMax)
    yield `in takes 1 to ${LIMITS.valuesMax} values`
  if (TEXT_OPERATORS.has(is) && typeof value !== 'string') yield `${is} compares with text`
  if (is === 'between') {
    const [from, to] = values
    const isRange = values.length === 2 && typeof from === 'number' && typeof to === 'number'
    if (!isRange || from > to) yield 'between takes two numbers, the lower one first'
  }
  if (ORDER_OPERATORS.has(is) && typeof value !== 'number') yield `${is} compares with a number`
  if (is === 'matchesregex' && typeof value === 'string') {
    const fault = compilePattern(value)
    if (typeof fault === 'string') yield `the pattern cannot be used: ${fault}`
  }
}

const TEXT_OPERATORS: ReadonlySet<string> = new Set([
  'contains',
  'startswith',
  'endswith',
  'matchesregex',
])
const ORDER_OPERATORS: ReadonlySet<string> = new Set(['<', '>', '<=', '>='])

function* sequenceReasons({ sequence }: SequenceTest): Iterable<string> {
  const [first, ...rest] = sequence
  if (rest.length === 0) yield 'a sequence has two steps at least'
  if (first?.not || first?.within !== undefined)
    yield 'the first step of a sequence is a trait alone: there is nothing before it'
  if (rest.slice(0, -1).some(({ not, within }) => not && within !== undefined))
    yield 'a NOT between two steps holds for all the time between them: WITHIN belongs to the last step'
  if (sequence.some(({ within }) => within !== undefined && durationOf(within).ms === 0))
    yield 'WITHIN is longer than 0D: two events of one moment are in no order'
  const last = rest.at(-1)
  if (last?.not && last.within === undefined)
    yield 'where the last step is NOT, it says within which time: NOT WITHIN 1D it'
}

function durationsOf(leaf: object): Duration[] {
  const {
    window,
    since,
    halfLife,
    sequence = [],
  } = leaf as {
    window?: { for: Duration }
    since?: { for: Duration }
    halfLife?: Duration
    sequence?: { within?: Duration }[]
  }
  const all = [window?.for, since?.for, halfLife, ...sequence.map(({ within }) => within)]
  return all.filter((one) => one !== undefined)
}

const LONGEST = { D: LIMITS.daysMax, H: LIMITS.hoursMax, M: LIMITS.minutesMax } as const

function* durationReasons(duration: Duration): Iterable<string> {
  const { count, unit } = durationOf(duration)
  if (count > LONGEST[unit]) yield `${duration} is longer than ${LONGEST[unit]}${unit}`
}

function addAll(reasons: Set<string>, more: Iterable<string>): void {
  for (const reason of more) reasons.add(reason)
}
