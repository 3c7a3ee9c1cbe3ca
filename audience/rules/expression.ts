import { LIMITS } from './limits.ts'

/**
 * What a rule says, as a tree. One tree has two spellings, text (`parse-expression.ts`,
 * `print-expression.ts`) and JSON, which is the tree itself (`read-expression.ts`). A trait's `when`
 * asks of one event and knows `property` only; a segment's `rule` asks of a person and knows all of it.
 */
export type Expression =
  | { and: Expression[] }
  | { or: Expression[] }
  | { not: Expression }
  | PropertyTest
  | FrequencyTest
  | SequenceTest
  | ScoreTest
  | SegmentTest

/** A property of the event, or of the person; with several values it holds where one of them does. */
export interface PropertyTest {
  /** Dotted path: `event`, `properties.category`. */
  property: string
  is: PropertyOperator
  /** Absent with `exists`; a list with `in`; two numbers with `between`, both included. */
  value?: Scalar | Scalar[]
}
export type Scalar = string | number | boolean

export const PROPERTY_OPERATORS = [
  '==',
  '!=',
  '>',
  '<',
  '>=',
  '<=',
  'contains',
  'startswith',
  'endswith',
  'matchesregex',
  'in',
  'between',
  'exists',
] as const
export type PropertyOperator = (typeof PROPERTY_OPERATORS)[number]

/** How often traits were shown, all together, in a window. A trait alone is `FREQUENCY(it) >= 1`. */
export interface FrequencyTest {
  frequency: string[]
  window?: Window
  is: CountOperator
  times: number
}

export const COUNT_OPERATORS = ['>=', '<=', '==', '>', '<'] as const
export type CountOperator = (typeof COUNT_OPERATORS)[number]

/** How long ago: `<=` within the last …, `>=` at least … ago. */
export interface Window {
  is: '<=' | '>='
  for: Duration
}

/**
 * `5D`, `24H`, `30M`. Hours and minutes are rolling. Days are days of the calendar in the tenant's zone:
 * `<= 5D` is today and the five days before, `>= 5D` is five days ago and earlier.
 */
export type Duration = string

/** Traits shown in this order; a step may have to follow within a time, or not to happen. */
export interface SequenceTest {
  sequence: SequenceStep[]
}

export interface SequenceStep {
  trait: string
  /** Since the step before. */
  within?: Duration
  /** It must not happen: between its neighbours; at the end, within its time. */
  not?: true
}

/** Weights of traits' events, each halved with every half-life. */
export interface ScoreTest {
  score: { trait: string; weight: number }[]
  halfLife: Duration
  is: CountOperator
  value: number
}

/** The person is in another segment; `since`: came into it so long ago. */
export interface SegmentTest {
  segment: string
  since?: Window
}

export const UNIT_MS = { D: 86_400_000, H: 3_600_000, M: 60_000 } as const
export type DurationUnit = keyof typeof UNIT_MS

/** A duration as it is reckoned with. */
export interface Length {
  count: number
  unit: DurationUnit
  /** Where days of a calendar are not asked for. */
  ms: number
}

/** `5D` → 5 and `D`. The text must be a duration. Rules are asked of every event: each text is read once. */
export function durationOf(text: Duration): Length {
  let length = lengths.get(text)
  if (!length) {
    length = readDuration(text)
    if (lengths.size >= LIMITS.durationsKeptMax) lengths.clear()
    lengths.set(text, length)
  }
  return length
}

const lengths = new Map<Duration, Length>()

function readDuration(text: Duration): Length {
  const count = Number(text.slice(0, -1))
  const unit = text.at(-1) as DurationUnit
  return { count, unit, ms: count * UNIT_MS[unit] }
}

/** A duration of hours or minutes, or of days where days of a calendar are not asked for. */
export function durationMs(text: Duration): number {
  return durationOf(text).ms
}

/** Every condition of a tree, with what stands in it. */
export function* leavesOf(tree: Expression): Iterable<Exclude<Expression, Branch>> {
  if ('and' in tree) for (const part of tree.and) yield* leavesOf(part)
  else if ('or' in tree) for (const part of tree.or) yield* leavesOf(part)
  else if ('not' in tree) yield* leavesOf(tree.not)
  else yield tree
}
type Branch = { and: Expression[] } | { or: Expression[] } | { not: Expression }

/** Traits a rule asks for, each once. */
export function traitsOf(tree: Expression): Set<string> {
  const traits = new Set<string>()
  for (const leaf of leavesOf(tree)) {
    if ('frequency' in leaf) for (const trait of leaf.frequency) traits.add(trait)
    else if ('sequence' in leaf) for (const { trait } of leaf.sequence) traits.add(trait)
    else if ('score' in leaf) for (const { trait } of leaf.score) traits.add(trait)
  }
  return traits
}

/** Segments a rule asks for, each once. */
export function segmentsOf(tree: Expression): Set<string> {
  const segments = new Set<string>()
  for (const leaf of leavesOf(tree)) if ('segment' in leaf) segments.add(leaf.segment)
  return segments
}
