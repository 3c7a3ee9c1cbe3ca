import { performance } from 'node:perf_hooks'

/** The one source of time. Tests wind it; nothing in the house reads another. */
export interface Clock {
  /** Wall time, milliseconds since the epoch: for dates, contracts, expiry. May jump. */
  now(): number
  /** Monotonic milliseconds with fractions: for deadlines, ages and latencies. Never jumps. */
  elapsed(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // Imported: the global of that name is got anew at each use.
  elapsed: () => performance.now(),
}

export const DAY_MS = 86_400_000

/** The UTC day number of a moment: days since the epoch, the unit of membership expiry. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}
