import { DAY_MS } from '../../../audience/clock.ts'
import type { Price } from '../../contract.ts'
import { dayIn } from '../../moment.ts'
import { halfEven } from './half-even.ts'

/** The time in which a contract was in force under one version of its terms. */
export interface VersionLife {
  version: number
  price: Price
  timeZone: string | undefined
  /** First moment, and first moment no longer. */
  fromMs: number
  untilMs: number
}

export interface MonthFee {
  version: number
  /** Days that are paid, of so many in the month. */
  days: number
  daysInMonth: number
  amountMicros: bigint
}

/**
 * What is owed for a month (`2026-11`) under prices by the month, whatever was used. Days are the
 * contract's own; one on which two versions were in force is the earlier one's. Prorated: the days in
 * force. Otherwise a month begun is paid whole, that is all its days that no earlier version had paid.
 * @param lives of one contract, in the order of their versions
 */
export function monthFees(lives: readonly VersionLife[], month: string): MonthFee[] {
  const firstDay = Date.parse(`${month}-01`)
  const daysInMonth = new Date(Date.UTC(+month.slice(0, 4), +month.slice(5), 0)).getUTCDate()
  const fees: MonthFee[] = []
  let from = 0
  let unpaid = daysInMonth
  for (const { version, price, timeZone, fromMs, untilMs } of lives) {
    if (price.kind !== 'flat_month' || untilMs <= fromMs) continue
    const dayNumber = (ms: number) => (Date.parse(dayIn(ms, timeZone)) - firstDay) / DAY_MS
    const first = Math.max(from, dayNumber(fromMs))
    const last = Math.min(daysInMonth - 1, dayNumber(untilMs - 1))
    if (first > last) continue
    const days = price.prorated ? Math.min(last - first + 1, unpaid) : unpaid
    const amount = BigInt(price.amountMicros ?? 0) * BigInt(days)
    fees.push({ version, days, daysInMonth, amountMicros: halfEven(amount, BigInt(daysInMonth)) })
    unpaid -= days
    from = last + 1
  }
  return fees.filter(({ days }) => days > 0)
}
