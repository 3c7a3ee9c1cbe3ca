import { durationMs, type SequenceStep, type SequenceTest } from './expression.ts'
import type { PersonHistory, RuleTime } from './history.ts'

/**
 * Whether a person showed traits in an order. Each step follows strictly after the one before. Where
 * several events could be the step before, the latest of them decides: it is the nearest for WITHIN, and
 * leaves a NOT the least time to be broken.
 */
export function sequenceHolds(test: SequenceTest, history: PersonHistory, at: RuleTime): boolean {
  return reachedBy(test, history, at).at(-1)!.length > 0
}

/**
 * The moments at which the steps of one way through a sequence happened, NOTs left out: of several ways the latest; of
 * one that does not hold as far as it came.
 */
export function sequenceWay(
  test: SequenceTest,
  history: PersonHistory,
  at: RuleTime,
): { trait: string; atMs: number }[] {
  const reached = reachedBy(test, history, at)
  const { steps } = partsOf(test.sequence)
  const way: { trait: string; atMs: number }[] = []
  for (let i = steps.length - 1; i >= 0; i--) {
    // Where it ends with a NOT, that decides which of the last step count.
    const moments = i === steps.length - 1 ? reached.at(-1)! : reached[i]!
    const atMs = way[0] ? lastBefore(moments, way[0].atMs) : moments.at(-1)
    if (atMs !== undefined) way.unshift({ trait: steps[i]!.step.trait, atMs })
  }
  return way
}

/** At which moments each step was reached, and at last those at which nothing forbidden followed. */
function reachedBy(
  { sequence }: SequenceTest,
  history: PersonHistory,
  { nowMs }: RuleTime,
): (readonly number[])[] {
  const past = (trait: string) => momentsOf(history, trait).filter((atMs) => atMs <= nowMs)
  const { steps, ending } = partsOf(sequence)
  const all: (readonly number[])[] = [past(steps[0]!.step.trait)]
  for (const { step, nots } of steps.slice(1)) {
    const withinMs = step.within === undefined ? Number.POSITIVE_INFINITY : durationMs(step.within)
    const blockers = nots.flatMap((not) => past(not.trait))
    const before = all.at(-1)!
    const reached = past(step.trait).filter((atMs) => {
      const lastMs = lastBefore(before, atMs)
      if (lastMs === undefined || atMs - lastMs > withinMs) return false
      return !blockers.some((blockMs) => blockMs > lastMs && blockMs < atMs)
    })
    all.push(reached)
  }
  if (!ending) return all
  const waitMs = durationMs(ending.within!)
  const broken = past(ending.trait)
  const left = all
    .at(-1)!
    .filter(
      (atMs) =>
        atMs + waitMs <= nowMs &&
        !broken.some((breakMs) => breakMs > atMs && breakMs <= atMs + waitMs),
    )
  return [...all, left]
}

/** The next moment at which time alone may change the answer; Infinity where it cannot. */
export function sequenceChangeMs(
  { sequence }: SequenceTest,
  history: PersonHistory,
  { nowMs }: RuleTime,
): number {
  const { steps, ending } = partsOf(sequence)
  const moments = sequence.flatMap(({ trait }) => momentsOf(history, trait))
  if (ending) {
    const waitMs = durationMs(ending.within!)
    for (const atMs of momentsOf(history, steps.at(-1)!.step.trait)) moments.push(atMs + waitMs)
  }
  return Math.min(Number.POSITIVE_INFINITY, ...moments.filter((atMs) => atMs > nowMs))
}

interface Part {
  step: SequenceStep
  /** What must not have happened between the step before and this one. */
  nots: SequenceStep[]
}

/** Steps that happen, each with the NOTs before it, and the NOT at the end. */
function partsOf(sequence: readonly SequenceStep[]): {
  steps: Part[]
  ending: SequenceStep | undefined
} {
  const steps: Part[] = []
  let nots: SequenceStep[] = []
  for (const step of sequence) {
    if (step.not) nots.push(step)
    else {
      steps.push({ step, nots })
      nots = []
    }
  }
  return { steps, ending: nots.at(-1) }
}

function momentsOf(history: PersonHistory, trait: string): number[] {
  return history.shown(trait).map(({ atMs }) => atMs)
}

function lastBefore(moments: readonly number[], atMs: number): number | undefined {
  for (let i = moments.length - 1; i >= 0; i--) if (moments[i]! < atMs) return moments[i]
  return undefined
}
