import type { Clock } from '../../audience/clock.ts'
import { Rounds } from '../../audience/rounds.ts'
import { LIMITS } from './limits.ts'
import type { Ledger, LedgerPlace } from './open-ledger.ts'
import { ledgerFinding } from './reasons.ts'
import { readShipped } from './shipped-file.ts'

export interface CountedOptions {
  /** `PASSERELLE_DATA/ledger`. */
  dir: string
  ledger: Pick<Ledger, 'place'>
  clock: Clock
  /** Default LIMITS.countedEveryMs. */
  everyMs?: number
}

/**
 * Whether what a process has written to its ledger is counted, by what the desk notes of it beside the ledger. It is not
 * where the desk is gone, or cannot count: then nobody compares with caps what this process gives.
 */
export class CountedWatch {
  readonly #options: CountedOptions
  readonly #rounds: Rounds
  /** The last record of a moment that is not known to be counted yet, and since when. */
  #owed: (LedgerPlace & { sinceMs: number }) | undefined
  #isLate = false

  constructor(options: CountedOptions) {
    this.#options = options
    this.#rounds = new Rounds(options.everyMs ?? LIMITS.countedEveryMs, () => this.#look())
  }

  /** False where something is not counted that was written LIMITS.uncountedMs ago. */
  isCounted(): boolean {
    return !this.#isLate
  }

  findings(): { finding: string; advice: string }[] {
    return this.#isLate ? [ledgerFinding('ledger_uncounted')] : []
  }

  /** Looks now. Never rejects. */
  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  close(): Promise<void> {
    return this.#rounds.stop()
  }

  async #look(): Promise<void> {
    const { dir, ledger, clock } = this.#options
    const place = ledger.place()
    if (!place) return
    const { streams } = await readShipped(dir)
    const isCounted = ({ stream, seq }: LedgerPlace) => (streams.get(stream)?.seq ?? 0) >= seq
    const nowMs = clock.elapsed()
    if (!this.#owed || isCounted(this.#owed))
      this.#owed = isCounted(place) ? undefined : { ...place, sinceMs: nowMs }
    this.#isLate = this.#owed !== undefined && nowMs - this.#owed.sinceMs >= LIMITS.uncountedMs
  }
}
