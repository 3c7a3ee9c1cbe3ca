import { durationMs, type SequenceStep, type SequenceTest } from './expression.ts'
import type { PersonHistory, RuleTime } from './history.ts'

/**
 * Whether a person showed traits in an order. Each step follows strictly after the one before. Where
 * several events could be the step before, the latest of them decides: it is the nearest for WITHIN, and
 * leaves a NOT the least time to be broken.
 */
export function sequenceHolds(
  { sequence }: SequenceTest,
  history: PersonHistory,
  { nowMs }: RuleTime,
): boolean {
  const past = (trait: string) => momentsOf(history, trait).filter((atMs) => atMs <= nowMs)
  const { steps, ending } = partsOf(sequence)
  let reached: readonly number[] = past(steps[0]!.step.trait)
  for (const { step, nots } of steps.slice(1)) {
    const withinMs = step.within === undefined ? Number.POSITIVE_INFINITY : durationMs(step.within)
    const blockers = nots.flatMap((not) => past(not.trait))
    const before = reached
    reached = past(step.trait).filter((atMs) => {
      const lastMs = lastBefore(before, atMs)
      if (lastMs === undefined || atMs - lastMs > withinMs) return false
      return !blockers.some((blockMs) => blockMs > lastMs && blockMs < atMs)
    })
  }
  if (!ending) return reached.length > 0
  const waitMs = durationMs(ending.within!)
  const broken = past(ending.trait)
  return reached.some(
    (atMs) =>
      atMs + waitMs <= nowMs &&
      !broken.some((breakMs) => breakMs > atMs && breakMs <= atMs + waitMs),
  )
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
