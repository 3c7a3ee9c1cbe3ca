import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import type { UsageLedger } from '../../exchange/usage/usage-ledger.ts'

/** A ledger that keeps its records in memory, and can be told to fail, to hold its writers, or to say it is behind. */
export class MemoryLedger implements UsageLedger {
  readonly records: LedgerRecord[] = []
  isFailing = false
  isLate = false
  /** Appends wait for it. */
  held: Promise<void> | undefined

  async append(record: LedgerRecord): Promise<void> {
    await this.held
    if (this.isFailing) throw new Error('no space left on device')
    this.records.push(structuredClone(record))
  }

  isBehind(): boolean {
    return this.isLate
  }
}
