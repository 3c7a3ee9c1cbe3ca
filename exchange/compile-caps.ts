import type { KindRecords } from '../audience/store/catalog-snapshot.ts'
import type { CapRecord } from './cap.ts'
import type { Period } from './period.ts'

/** Why, by the cap records, the contract has no units left at a moment; undefined where it has. */
export function capReached(
  records: KindRecords,
  contract: string,
  nowMs: number,
): CapRecord | undefined {
  const cap = records.get(contract)?.value as CapRecord | undefined
  if (cap?.day === undefined) return cap
  return cap.day.fromMs <= nowMs && nowMs < cap.day.untilMs ? cap : undefined
}

const NONE: readonly CapRecord[] = []

/** Contracts that have reached a cap. Few at any moment, so they are compiled whole whenever one changes. */
export class Caps {
  readonly #records: KindRecords
  readonly #byBuyer = new Map<string, CapRecord[]>()

  constructor(records: KindRecords) {
    this.#records = records
    for (const [, { value }] of records) {
      const cap = value as CapRecord
      const known = this.#byBuyer.get(cap.buyer)
      if (known) known.push(cap)
      else this.#byBuyer.set(cap.buyer, [cap])
    }
  }

  /** True where the contract has no units left at this moment. */
  isReached(contract: string, nowMs: number): boolean {
    return capReached(this.#records, contract, nowMs) !== undefined
  }

  /** What is had under contracts of this buyer changes at the midnights between which a cap of a day holds. */
  narrow(period: Period, buyer: string): void {
    for (const { day } of this.#byBuyer.get(buyer) ?? NONE)
      if (day) period.include(day.fromMs, day.untilMs)
  }
}
