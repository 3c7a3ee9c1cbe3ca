import type { LedgerRecord } from './ledger-record.ts'

/** What the bid path asks of a ledger (exchange/ledger/). */
export interface UsageLedger {
  /** Resolves once the record is on disk; rejects with NotAppended where that is not known. */
  append(record: LedgerRecord): Promise<void>
  /** It could not be written for some seconds: what is contracted is not served meanwhile. */
  isBehind(): boolean
}
