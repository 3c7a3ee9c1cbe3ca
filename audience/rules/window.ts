import type { Calendar } from '../calendar.ts'
import { durationOf, type Window } from './expression.ts'
import type { RuleTime } from './history.ts'

/** Whether a moment is in a window. No window holds all of the past. */
export function isInWindow(atMs: number, window: Window | undefined, at: RuleTime): boolean {
  return isWithin(atMs, boundsOf(window, at))
}

export function isWithin(atMs: number, { fromMs, toMs }: WindowBounds): boolean {
  return atMs <= toMs && (fromMs === null || atMs >= fromMs)
}

/** The moments a window holds now, both ends included; null: from the beginning on. */
export interface WindowBounds {
  fromMs: number | null
  toMs: number
}

export function boundsOf(window: Window | undefined, { nowMs, calendar }: RuleTime): WindowBounds {
  if (window === undefined) return { fromMs: null, toMs: nowMs }
  const { count, unit, ms } = durationOf(window.for)
  if (window.is === '<=') {
    const fromMs = unit === 'D' ? calendar.startOf(calendar.dayOf(nowMs) - count) : nowMs - ms
    return { fromMs, toMs: nowMs }
  }
  const endMs = unit === 'D' ? calendar.startOf(calendar.dayOf(nowMs) - count + 1) - 1 : nowMs - ms
  return { fromMs: null, toMs: Math.min(endMs, nowMs) }
}

/** The first moment at which one of some moments, oldest first, comes into a window or leaves it; Infinity for none. */
export function firstChangeMs(
  moments: readonly { atMs: number }[],
  window: Window | undefined,
  at: RuleTime,
): number {
  let nextMs = Number.POSITIVE_INFINITY
  for (const { atMs } of moments) {
    nextMs = Math.min(nextMs, windowChangeMs(atMs, window, at))
    // Those behind it do so later, unless they are still to come themselves.
    if (nextMs < Number.POSITIVE_INFINITY && moments.at(-1)!.atMs <= at.nowMs) break
  }
  return nextMs
}

/** When a moment comes into a window or leaves it, later than now; Infinity where it never does any more. */
export function windowChangeMs(
  atMs: number,
  window: Window | undefined,
  { nowMs, calendar }: RuleTime,
): number {
  if (atMs > nowMs) return atMs
  if (window === undefined) return Number.POSITIVE_INFINITY
  const changeMs =
    window.is === '<=' ? leavesMs(atMs, window, calendar) : comesMs(atMs, window, calendar)
  return changeMs > nowMs ? changeMs : Number.POSITIVE_INFINITY
}

function leavesMs(atMs: number, { for: length }: Window, calendar: Calendar): number {
  const { count, unit, ms } = durationOf(length)
  return unit === 'D' ? calendar.startOf(calendar.dayOf(atMs) + count + 1) : atMs + ms + 1
}

function comesMs(atMs: number, { for: length }: Window, calendar: Calendar): number {
  const { count, unit, ms } = durationOf(length)
  return unit === 'D' ? calendar.startOf(calendar.dayOf(atMs) + count) : atMs + ms
}
