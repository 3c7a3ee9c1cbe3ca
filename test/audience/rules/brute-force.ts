import {
  durationMs,
  durationOf,
  type Expression,
  type SequenceStep,
  type Window,
} from '../../../audience/rules/expression.ts'
import type { PersonHistory } from '../../../audience/rules/history.ts'

/**
 * What a rule says, the slow way and by other means: days are dates as a calendar on the wall has them, and a
 * sequence holds where any choice of events is one.
 */
export class BruteForce {
  readonly #history: PersonHistory
  readonly #nowMs: number
  readonly #date: Intl.DateTimeFormat

  constructor(history: PersonHistory, nowMs: number, zone: string) {
    this.#history = history
    this.#nowMs = nowMs
    this.#date = wallDates(zone)
  }

  holds(tree: Expression): boolean {
    if ('and' in tree) return tree.and.every((part) => this.holds(part))
    if ('or' in tree) return tree.or.some((part) => this.holds(part))
    if ('not' in tree) return !this.holds(tree.not)
    if ('frequency' in tree) return compared(this.counted(tree.frequency, tree.window), tree)
    if ('sequence' in tree) return this.#runs(tree.sequence, 0, undefined)
    if ('score' in tree) return compared(this.#score(tree), { is: tree.is, times: tree.value })
    if (!('segment' in tree)) return false
    const sinceMs = this.#history.memberSinceMs(tree.segment)
    return sinceMs !== undefined && this.isIn(sinceMs, tree.since)
  }

  /** Events of some traits in a window. */
  counted(traits: readonly string[], window: Window | undefined): number {
    let count = 0
    for (const trait of traits)
      for (const shown of this.#history.shown(trait))
        if (this.isIn(shown.atMs, window)) count += shown.count
    return count
  }

  isIn(atMs: number, window: Window | undefined): boolean {
    if (atMs > this.#nowMs) return false
    if (!window) return true
    const { count, unit } = durationOf(window.for)
    const ago =
      unit === 'D'
        ? this.#daysBetween(atMs, this.#nowMs) - count
        : this.#nowMs - atMs - durationMs(window.for)
    return window.is === '<=' ? ago <= 0 : ago >= 0
  }

  /** How near a score is to what it is compared with: rounding may decide where it is nothing. */
  isOnEdge(tree: Expression): boolean {
    if ('and' in tree) return tree.and.some((part) => this.isOnEdge(part))
    if ('or' in tree) return tree.or.some((part) => this.isOnEdge(part))
    if ('not' in tree) return this.isOnEdge(tree.not)
    return 'score' in tree && Math.abs(this.#score(tree) - tree.value) < 1e-9
  }

  #daysBetween(fromMs: number, toMs: number): number {
    const dayOf = (ms: number) => Date.parse(`${this.#date.format(ms)}T00:00:00Z`) / 86_400_000
    return dayOf(toMs) - dayOf(fromMs)
  }

  #score({ score, halfLife }: Extract<Expression, { score: unknown }>): number {
    let sum = 0
    for (const { trait, weight } of score)
      for (const { atMs, count } of this.#history.shown(trait))
        if (atMs <= this.#nowMs)
          sum += weight * count * 2 ** ((atMs - this.#nowMs) / durationMs(halfLife))
    return sum
  }

  /** Whether the steps from one on can be chosen, after the last one that was. */
  #runs(steps: readonly SequenceStep[], from: number, lastMs: number | undefined): boolean {
    let next = from
    while (steps[next]?.not) next++
    const nots = steps.slice(from, next)
    const step = steps[next]
    if (step === undefined) return this.#ends(nots.at(-1), lastMs)
    const withinMs = step.within === undefined ? Number.POSITIVE_INFINITY : durationMs(step.within)
    return this.#past(step.trait).some((atMs) => {
      if (lastMs !== undefined) {
        if (atMs <= lastMs || atMs - lastMs > withinMs) return false
        const isBroken = (not: SequenceStep) =>
          this.#past(not.trait).some((ms) => ms > lastMs && ms < atMs)
        if (nots.some(isBroken)) return false
      }
      return this.#runs(steps, next + 1, atMs)
    })
  }

  #ends(not: SequenceStep | undefined, lastMs: number | undefined): boolean {
    if (not === undefined) return true
    const untilMs = lastMs! + durationMs(not.within!)
    if (untilMs > this.#nowMs) return false
    return !this.#past(not.trait).some((ms) => ms > lastMs! && ms <= untilMs)
  }

  #past(trait: string): number[] {
    const moments = this.#history.shown(trait).map(({ atMs }) => atMs)
    return moments.filter((atMs) => atMs <= this.#nowMs)
  }
}

function compared(value: number, { is, times }: { is: string; times: number }): boolean {
  const results: Record<string, boolean> = {
    '>=': value >= times,
    '<=': value <= times,
    '>': value > times,
    '<': value < times,
    '==': value === times,
  }
  return results[is]!
}

const formats = new Map<string, Intl.DateTimeFormat>()

function wallDates(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, ...parts })
  formats.set(timeZone, format)
  return format
}
