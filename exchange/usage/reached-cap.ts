import { calendarIn } from '../../audience/calendar.ts'
import type { ReachedCap } from '../cap.ts'
import type { ContractRecord } from '../contract.ts'
import { dayText } from '../moment.ts'
import { allTerms, amountsOf, type CapUsage, sum } from './cap-usage.ts'
import type { UsageTerms } from './usage-terms.ts'

/**
 * The cap that a contract's usage has reached at a moment; one of the whole contract before one of the
 * day. `usage` is all there is of the contract, as far as its caps ask for it (`needsAllDays`). Spend is what
 * it costs, rounded once for each line. There are no exchange rates: what was told in another currency counts as
 * if it were in the contract's, so that no cap is passed by naming one.
 */
export function reachedCap(
  contract: ContractRecord,
  { lines, past }: CapUsage,
  { terms, nowMs }: { terms: UsageTerms; nowMs: number },
): Omit<ReachedCap, 'reachedAt'> | undefined {
  const day = dayAt(contract, nowMs)
  const amounts = amountsOf(lines, terms)
  const caps = [...(contract.caps ?? [])].sort((a, b) => (a.per < b.per ? -1 : 1))
  for (const { per, ...cap } of caps) {
    const isOfDay = per === 'day'
    const some = isOfDay ? lines.filter((line) => line.day === day.date) : lines
    const units = sum(some.map((line) => line.units)) + (isOfDay ? 0n : past.units)
    const spend = sum(some.map((line) => amounts.get(line)!)) + (isOfDay ? 0n : past.spendMicros)
    const limit = isOver(units, cap.units)
      ? 'units'
      : isOver(spend, cap.spendMicros)
        ? 'spendMicros'
        : undefined
    const { buyer, version } = contract
    if (limit) return { buyer, per, limit, version, ...(isOfDay ? { day } : {}) }
  }
  return undefined
}

/** The caps of a contract look at all of its days, not at today only. */
export function needsAllDays(id: string, contract: ContractRecord, terms: UsageTerms): boolean {
  const { caps = [] } = contract
  if (caps.some(({ per }) => per === 'contract')) return true
  const isTiered = () =>
    allTerms(id, contract, terms).some(({ price }) => price.kind === 'tiered_cpm')
  return caps.some(({ spendMicros }) => spendMicros !== undefined) && isTiered()
}

/** The day of a contract that a moment is in. */
export function dayAt({ timeZone }: ContractRecord, nowMs: number): NonNullable<ReachedCap['day']> {
  const calendar = calendarIn(timeZone)
  const day = calendar.dayOf(nowMs)
  return {
    date: dayText(day),
    fromMs: calendar.startOf(day),
    untilMs: calendar.startOf(day + 1),
  }
}

function isOver(counted: bigint, limit: number | undefined): boolean {
  return limit !== undefined && counted >= BigInt(limit)
}
