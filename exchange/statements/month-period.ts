import { DAY_MS } from '../../audience/clock.ts'
import { isDay } from '../moment.ts'

/** True for a month such as `2026-11`. */
export function isPeriod(text: string): boolean {
  return isDay(`${text}-01`)
}

/** The westernmost time zones are half a day behind UTC: there a month ends last. */
const WEST_MS = DAY_MS / 2

/** The moment (ms) from which a month is over wherever a contract may be at home. */
export function periodOverMs(period: string): number {
  return Date.UTC(+period.slice(0, 4), +period.slice(5), 1) + WEST_MS
}

/** The month before the one that a moment is in, by UTC. */
export function periodBefore(atMs: number): string {
  const at = new Date(atMs)
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1, 1)).toISOString().slice(0, 7)
}
