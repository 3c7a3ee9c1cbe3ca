import type { Calendar } from '../calendar.ts'
import { durationMs, durationOf, type Window } from './expression.ts'
import type { RuleTime } from './history.ts'

/** Whether a moment, not later than now, is in a window. No window holds all of the past. */
export function isInWindow(
  atMs: number,
  window: Window | undefined,
  { nowMs, calendar }: RuleTime,
): boolean {
  if (atMs > nowMs) return false
  if (window === undefined) return true
  const { count, unit } = durationOf(window.for)
  const isRecent =
    unit === 'D'
      ? calendar.dayOf(nowMs) - calendar.dayOf(atMs) <= count
      : nowMs - atMs <= durationMs(window.for)
  if (window.is === '<=') return isRecent
  return unit === 'D'
    ? calendar.dayOf(nowMs) - calendar.dayOf(atMs) >= count
    : nowMs - atMs >= durationMs(window.for)
}

/** The moments a window holds now, both ends included; null: from the beginning on. */
export interface WindowBounds {
  fromMs: number | null
  toMs: number
}

export function boundsOf(window: Window | undefined, { nowMs, calendar }: RuleTime): WindowBounds {
  if (window === undefined) return { fromMs: null, toMs: nowMs }
  const { count, unit } = durationOf(window.for)
  if (window.is === '<=') {
    const fromMs =
      unit === 'D'
        ? calendar.startOf(calendar.dayOf(nowMs) - count)
        : nowMs - durationMs(window.for)
    return { fromMs, toMs: nowMs }
  }
  const endMs =
    unit === 'D'
      ? calendar.startOf(calendar.dayOf(nowMs) - count + 1) - 1
      : nowMs - durationMs(window.for)
  return { fromMs: null, toMs: Math.min(endMs, nowMs) }
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
  const { count, unit } = durationOf(length)
  if (unit === 'D') return calendar.startOf(calendar.dayOf(atMs) + count + 1)
  return atMs + durationMs(length) + 1
}

function comesMs(atMs: number, { for: length }: Window, calendar: Calendar): number {
  const { count, unit } = durationOf(length)
  if (unit === 'D') return calendar.startOf(calendar.dayOf(atMs) + count)
  return atMs + durationMs(length)
}
