import type { Clock } from '../../audience/clock.ts'
import type { Sharing } from '../buyer-view.ts'
import { Meter } from './meter.ts'
import { TokenMint } from './token-mint.ts'
import { TOKEN_KEY_BYTES, TOKEN_KEY_LABEL, TokenKeys } from './token-seal.ts'
import type { UsageLedger } from './usage-ledger.ts'

export interface UsageOptions {
  ledger: UsageLedger
  clock: Clock
  /** Audience.deriveKey: undefined while the root secret cannot be read yet. */
  deriveKey(label: string, bytes: number): Buffer | undefined
  /** Tells whether what this process has given is counted; absent: it is. */
  counted?: { isCounted(): boolean }
}

/** How the bid path accounts for what it gives: it counts deliveries, and makes and reads tokens. */
export class Usage {
  readonly meter: Meter
  readonly ledger: UsageLedger
  readonly #options: UsageOptions
  #keys: TokenKeys | undefined
  #mint: TokenMint | undefined

  constructor(options: UsageOptions) {
    this.#options = options
    this.ledger = options.ledger
    this.meter = new Meter(options.ledger, options.clock)
  }

  /** How much of what is contracted may be given: nothing that could not be accounted for, and nothing capped that is not counted. */
  sharing(): Sharing {
    if (this.ledger.isBehind() || this.mint() === undefined) return 'nothing'
    return (this.#options.counted?.isCounted() ?? true) ? 'all' : 'uncapped'
  }

  /** Undefined until the root secret is known. */
  mint(): TokenMint | undefined {
    if (this.#mint === undefined) {
      const keys = this.keys()
      if (keys !== undefined) this.#mint = new TokenMint(keys)
    }
    return this.#mint
  }

  /** Undefined until the root secret is known. */
  keys(): TokenKeys | undefined {
    if (this.#keys === undefined) {
      const key = this.#options.deriveKey(TOKEN_KEY_LABEL, TOKEN_KEY_BYTES)
      if (key !== undefined) this.#keys = new TokenKeys(key)
    }
    return this.#keys
  }

  /** What was counted is durable when it resolves; the ledger is closed by whoever opened it, after this. */
  close(): Promise<void> {
    return this.meter.close()
  }
}
