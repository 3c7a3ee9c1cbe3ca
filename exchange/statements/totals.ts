/** What can be summed: a line, or an adjustment. */
export interface Summed {
  currency: string
  units: number
  amountMicros: number
  feeMicros: number
  payoutMicros: number
}

/** Sums by currency, in the order of their names; there is no exchange rate between them. */
export function totalsOf(lines: Iterable<Summed>): Summed[] {
  const totals = new Map<string, Summed>()
  for (const { currency, units, amountMicros, feeMicros, payoutMicros } of lines) {
    const total = totals.get(currency)
    if (!total) totals.set(currency, { currency, units, amountMicros, feeMicros, payoutMicros })
    else {
      total.units += units
      total.amountMicros += amountMicros
      total.feeMicros += feeMicros
      total.payoutMicros += payoutMicros
    }
  }
  return [...totals.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1))
}
