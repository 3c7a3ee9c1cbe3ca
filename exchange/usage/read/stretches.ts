import { DAY_MS } from '../../../audience/clock.ts'
import type { TallyStore } from '../../../audience/store/store.ts'
import { LIMITS } from '../../limits.ts'
import { type ReadOptions, readUsage } from './read-usage.ts'
import type { UsageLine } from './usage-line.ts'

/**
 * The lines of a range of days (both ends included), in order, day by day; where a stretch of them is
 * empty, the next is twice as long, so that years without usage are crossed in few steps.
 */
export async function* stretches(
  tallies: TallyStore,
  { from, to }: { from: string; to: string },
  options: ReadOptions,
): AsyncIterable<UsageLine[]> {
  let days = 1
  for (let first = from; first <= to; ) {
    const last = addDays(first, days - 1)
    const lines = await readUsage(tallies.read(first, last < to ? last : to), options)
    if (lines.length > 0) yield lines
    first = addDays(last, 1)
    days = lines.length > 0 ? 1 : Math.min(days * 2, LIMITS.usageStepDaysMax)
  }
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The first and the last day of a month (`2026-11`). */
export function daysOfMonth(month: string): { from: string; to: string } {
  const next = new Date(Date.UTC(+month.slice(0, 4), +month.slice(5), 1)).toISOString()
  return { from: `${month}-01`, to: addDays(next.slice(0, 10), -1) }
}
