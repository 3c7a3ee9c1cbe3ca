import type { Calendar } from '../calendar.ts'
import type { Scalar } from './expression.ts'

/** What is known of one person, as rules ask for it. Immutable while a rule is evaluated. */
export interface PersonHistory {
  /** When a trait was shown, oldest first; empty where it never was. Later than now counts from then on. */
  shown(trait: string): readonly Shown[]
  /** Values of a property of the person. */
  property(path: string): readonly Scalar[]
  /** When the person came into a segment; undefined where it is not in it. */
  memberSinceMs(segment: string): number | undefined
}

/** Events of one trait at one moment. */
export interface Shown {
  atMs: number
  count: number
}

/** When a rule is asked, and by whose days. */
export interface RuleTime {
  nowMs: number
  calendar: Calendar
}
