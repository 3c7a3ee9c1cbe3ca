import { WHOLE } from '../attribution/population-shares.ts'
import { apportion } from '../price/apportion.ts'
import { COUNTED, type Counts, noCounts } from '../price/counts.ts'
import { halfEven } from '../price/half-even.ts'
import type { UsageTerms } from '../usage-terms.ts'
import type { SetLine } from './competing-set.ts'
import { keyText, type UsageKey } from './usage-line.ts'

/** Names the bill that a line is on: by whose it is, so that nobody's units depend on others'. */
export function billOf(
  { day, deal, witness, currency, contract, version }: UsageKey,
  terms: UsageTerms,
): string {
  const { buyer = '' } = terms.contract(contract, version) ?? {}
  return [day, deal, witness, currency, buyer].join('.')
}

/** Lines that are rounded together. */
export class Bill {
  /** What is due to each, in WHOLEs. */
  readonly #lines = new Map<string, SetLine>()

  get size(): number {
    return this.#lines.size
  }

  /** Adds the share of what was counted; a share below zero takes it back. */
  add({ key, counts }: SetLine, share: bigint): void {
    if (share === 0n) return
    const text = keyText(key)
    let due = this.#lines.get(text)
    if (!due) this.#lines.set(text, (due = { key, counts: noCounts() }))
    for (const counted of COUNTED) due.counts[counted] += counts[counted] * share
  }

  /** What is billed of each line, in whole numbers, so that no unit is lost. */
  *split(): Iterable<{ key: UsageKey; counted: keyof Counts; value: bigint }> {
    const parts = [...this.#lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
    for (const counted of COUNTED) {
      const due = parts.map(({ counts }) => counts[counted])
      if (due.every((one) => one === 0n)) continue
      const sum = due.reduce((a, b) => a + b, 0n)
      const values = apportion(halfEven(sum, WHOLE), due)
      for (const [i, { key }] of parts.entries())
        if (values[i] !== 0n) yield { key, counted, value: values[i]! }
    }
  }
}
