import { NotAppended } from '../../exchange/ledger/not-appended.ts'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import type { UsageLedger } from '../../exchange/usage/usage-ledger.ts'

/** A ledger that keeps its records in memory, and can be told to fail, to hold its writers, or to say it is behind. */
export class MemoryLedger implements UsageLedger {
  readonly records: LedgerRecord[] = []
  isFailing = false
  /** Records are written, and their writers told that it is not sure. */
  isKeeping = false
  isLate = false
  /** Appends wait for it. */
  held: Promise<void> | undefined

  async append(record: LedgerRecord): Promise<void> {
    await this.held
    if (this.isFailing) throw new Error('no space left on device')
    this.records.push(structuredClone(record))
    if (this.isKeeping) throw new NotAppended('write_failed', { isKept: true })
  }

  isBehind(): boolean {
    return this.isLate
  }
}
