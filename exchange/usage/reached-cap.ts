import { calendarIn } from '../../audience/calendar.ts'
import type { CapRecord } from '../cap.ts'
import type { ContractRecord } from '../contract.ts'
import { dayText } from '../moment.ts'
import { grouped, priceLines } from './price/price-lines.ts'
import type { UsageLine } from './read/usage-line.ts'
import type { UsageTerms } from './usage-terms.ts'

/**
 * The cap that a contract's usage has reached at a moment; one of the whole contract before one of the
 * day. `lines` are all there is of the contract, as far as its caps ask for it (`needsAllDays`). Spend is what these
 * lines cost. There are no exchange rates: what was told in another currency counts as if it were in the
 * contract's, so that no cap is passed by naming one.
 */
export function reachedCap(
  contract: ContractRecord,
  lines: readonly UsageLine[],
  { terms, nowMs }: { terms: UsageTerms; nowMs: number },
): Omit<CapRecord, 'reachedAt'> | undefined {
  const day = dayAt(contract, nowMs)
  const amounts = amountsOf(lines, terms)
  const caps = [...(contract.caps ?? [])].sort((a, b) => (a.per < b.per ? -1 : 1))
  for (const { per, ...cap } of caps) {
    const some = per === 'day' ? lines.filter((line) => line.day === day.date) : lines
    const units = sum(some.map((line) => line.units))
    const spend = sum(some.map((line) => amounts.get(line) ?? 0n))
    const limit = isOver(units, cap.units)
      ? 'units'
      : isOver(spend, cap.spendMicros)
        ? 'spendMicros'
        : undefined
    const { buyer, version } = contract
    if (limit) return { buyer, per, limit, version, ...(per === 'day' ? { day } : {}) }
  }
  return undefined
}

/** The caps of a contract look at all of its days, not at today only. */
export function needsAllDays({ caps, price }: ContractRecord): boolean {
  return (caps ?? []).some(
    ({ per, spendMicros }) =>
      per === 'contract' || (spendMicros !== undefined && price.kind === 'tiered_cpm'),
  )
}

function dayAt({ timeZone }: ContractRecord, nowMs: number): NonNullable<CapRecord['day']> {
  const calendar = calendarIn(timeZone)
  const day = calendar.dayOf(nowMs)
  return {
    date: dayText(day),
    fromMs: calendar.startOf(day),
    untilMs: calendar.startOf(day + 1),
  }
}

/** Prices look at months. */
function amountsOf(lines: readonly UsageLine[], terms: UsageTerms): Map<UsageLine, bigint> {
  const amounts = new Map<UsageLine, bigint>()
  for (const ofMonth of grouped(lines, ({ day }) => day.slice(0, 7)).values())
    for (const [line, amount] of priceLines(ofMonth, terms)) amounts.set(line, amount)
  return amounts
}

function isOver(counted: bigint, limit: number | undefined): boolean {
  return limit !== undefined && counted >= BigInt(limit)
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n)
}
