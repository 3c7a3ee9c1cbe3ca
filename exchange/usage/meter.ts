import { everyBeat } from '../../audience/beat.ts'
import type { Clock } from '../../audience/clock.ts'
import type { SegmentUse } from '../buyer-view.ts'
import { NotAppended } from '../ledger/not-appended.ts'
import { LIMITS } from '../limits.ts'
import type { DeliveredLine, DeliveredRecord } from './ledger-record.ts'
import type { UsageLedger } from './usage-ledger.ts'

/**
 * One kind of answer: what it delivers under contracts that bill on `delivered`, and how often it was
 * given since the last flush. Made once, with the bytes it counts; an answer costs one addition.
 */
export interface MeterCell {
  count: number
  readonly uses: readonly DeliveredUse[]
}

/** A use whose units are being added up. */
export interface DeliveredUse {
  readonly of: SegmentUse
  /** The deal whose audience it made true, where that is the use. */
  readonly deal: string | undefined
  units: number
}

/**
 * Counts what was handed to sockets: for a moment in memory, then in the ledger. A process that is
 * killed loses what it counted since the last flush and what was being written: at most about
 * LIMITS.meterFlushMs of deliveries.
 */
export class Meter {
  readonly #ledger: UsageLedger
  readonly #clock: Clock
  readonly #endTimer: () => void
  #cells: MeterCell[] = []
  #uses: DeliveredUse[] = []
  #fromMs = 0
  /** Taken, and not durable yet: what could not be written is tried again. */
  #pending: DeliveredRecord[] = []
  #flushing: Promise<void> | undefined

  constructor(ledger: UsageLedger, clock: Clock) {
    this.#ledger = ledger
    this.#clock = clock
    this.#endTimer = everyBeat(LIMITS.meterFlushMs, () => void this.flush())
  }

  /** One more answer of this kind went out. */
  count(cell: MeterCell): void {
    if (cell.count++ > 0) return
    if (this.#cells.length === 0 && this.#uses.length === 0) this.#fromMs = this.#clock.now()
    if (this.#cells.push(cell) === LIMITS.meterCellsMax) this.#addUp()
  }

  /** Writes what was counted; resolves when that is durable, or could not be done: the next flush tries again. */
  flush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  /** Writes the last counts. */
  async close(): Promise<void> {
    this.#endTimer()
    await this.#flushing
    await this.flush()
  }

  async #write(): Promise<void> {
    const records = [...this.#pending, ...this.#take()]
    const written = await Promise.allSettled(records.map((record) => this.#ledger.append(record)))
    this.#pending = records.filter((_, i) => mustTryAgain(written[i]!))
  }

  #take(): DeliveredRecord[] {
    this.#addUp()
    const lines = this.#uses.map(takeLine)
    this.#uses = []
    const span = { fromMs: this.#fromMs, toMs: this.#clock.now() }
    const records: DeliveredRecord[] = []
    for (let i = 0; i < lines.length; i += LIMITS.deliveredLinesMax)
      records.push({
        kind: 'delivered',
        ...span,
        lines: lines.slice(i, i + LIMITS.deliveredLinesMax),
      })
    return records
  }

  /** From answers to units. */
  #addUp(): void {
    for (const cell of this.#cells) {
      for (const use of cell.uses) {
        if (use.units === 0) this.#uses.push(use)
        use.units += cell.count
      }
      cell.count = 0
    }
    this.#cells = []
  }
}

/** What the ledger keeps and writes once it can must not be given to it twice. */
function mustTryAgain(written: PromiseSettledResult<void>): boolean {
  if (written.status === 'fulfilled') return false
  return !(written.reason instanceof NotAppended && written.reason.isKept)
}

function takeLine(use: DeliveredUse): DeliveredLine {
  const { of, deal, units } = use
  const { id: contract, terms, day } = of.contract
  use.units = 0
  return {
    contract,
    version: terms.version,
    segment: of.segment,
    day,
    ...(deal === undefined ? {} : { deal }),
    units,
  }
}

/** A cell for the uses that bill on `delivered`; undefined where none does. */
export function cellOf(uses: readonly SegmentUse[], deal?: string): MeterCell | undefined {
  const delivered = uses.filter(({ contract }) => contract.terms.billOn === 'delivered')
  if (delivered.length === 0) return undefined
  return { count: 0, uses: delivered.map((use) => deliveredUse(use, deal)) }
}

/** All cells with a use add up in one place. A use belongs to one deal, or to none. */
const delivered = new WeakMap<SegmentUse, DeliveredUse>()

function deliveredUse(of: SegmentUse, deal: string | undefined): DeliveredUse {
  let use = delivered.get(of)
  if (!use) delivered.set(of, (use = { of, deal, units: 0 }))
  return use
}
