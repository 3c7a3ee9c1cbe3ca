import type { Rate } from '../matchrates/rate.ts'

/** How much more those who were reached did than those who were left out on purpose. */
export interface Uplift {
  reached: Rate
  control: Rate
  /** The rate of those reached less that of the control group; null where one has no rate. */
  difference: number | null
  /** Between which the true difference lies with 95 % confidence. */
  low: number | null
  high: number | null
}

/** The interval is Newcombe's (1998, method 10), made of the two rates' own. */
export function upliftOf(reached: Rate, control: Rate): Uplift {
  const [a, b] = [reached, control]
  if (a.rate === null || b.rate === null)
    return { reached, control, difference: null, low: null, high: null }
  const difference = a.rate - b.rate
  const low = difference - Math.hypot(a.rate - a.low!, b.high! - b.rate)
  const high = difference + Math.hypot(a.high! - a.rate, b.rate - b.low!)
  return {
    reached,
    control,
    difference: rounded(difference),
    low: rounded(low),
    high: rounded(high),
  }
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000
}
