import { compare } from './empty-profile.ts'
import { durationMs, type ScoreTest } from './expression.ts'
import type { PersonHistory, RuleTime } from './history.ts'

/**
 * Whether a decaying score passes. The sum is taken at the last event and decays from there as one
 * number, so between events it only ever nears zero, and crosses a threshold once.
 */
export function scoreHolds(test: ScoreTest, history: PersonHistory, at: RuleTime): boolean {
  return compare(scoreOf(test, history, at), test.is, test.value)
}

/** The score now. */
export function scoreOf(test: ScoreTest, history: PersonHistory, { nowMs }: RuleTime): number {
  return pointsAt(sumOf(test, history, nowMs), test, nowMs)
}

/** The next moment at which time alone changes the answer; Infinity where it never does. */
export function scoreChangeMs(
  test: ScoreTest,
  history: PersonHistory,
  { nowMs }: RuleTime,
): number {
  const later = test.score
    .flatMap(({ trait }) => history.shown(trait))
    .map(({ atMs }) => atMs)
    .filter((atMs) => atMs > nowMs)
  const crossing = crossingMs(test, sumOf(test, history, nowMs), nowMs)
  return Math.min(Number.POSITIVE_INFINITY, crossing, ...later)
}

/** What the events up to a moment came to, at the last of them. */
interface Sum {
  points: number
  lastMs: number
}

function sumOf({ score, halfLife }: ScoreTest, history: PersonHistory, nowMs: number): Sum {
  const halfLifeMs = durationMs(halfLife)
  const parts = score.flatMap(({ trait, weight }) =>
    history
      .shown(trait)
      .filter(({ atMs }) => atMs <= nowMs)
      .map(({ atMs, count }) => ({ atMs, points: weight * count })),
  )
  const lastMs = Math.max(Number.NEGATIVE_INFINITY, ...parts.map(({ atMs }) => atMs))
  const points = parts.reduce(
    (sum, one) => sum + one.points * 2 ** ((one.atMs - lastMs) / halfLifeMs),
    0,
  )
  return { points, lastMs }
}

function pointsAt({ points, lastMs }: Sum, { halfLife }: ScoreTest, atMs: number): number {
  if (points === 0) return 0
  const left = points * 2 ** ((lastMs - atMs) / durationMs(halfLife))
  // What decays stays on its side of zero, however small it becomes.
  return left === 0 ? Math.sign(points) * Number.MIN_VALUE : left
}

/** Decay passes a threshold that lies between the score and zero; found to the millisecond. */
function crossingMs(test: ScoreTest, sum: Sum, nowMs: number): number {
  const holdsAt = (atMs: number) => compare(pointsAt(sum, test, atMs), test.is, test.value)
  const before = holdsAt(nowMs)
  if (test.value === 0 || before === compare(0, test.is, test.value))
    return Number.POSITIVE_INFINITY
  const halvings = Math.max(0, log2(pointsAt(sum, test, nowMs)) - log2(test.value))
  let from = nowMs
  let to = Math.ceil(nowMs + (halvings + 1e-6) * durationMs(test.halfLife)) + 1
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2)
    if (holdsAt(middle) === before) from = middle
    else to = middle
  }
  return to
}

function log2(value: number): number {
  return Math.log2(Math.abs(value))
}
