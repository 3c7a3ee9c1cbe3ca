import type { AnswerBytes } from './answer-bytes.ts'
import type { Fit } from './candidates.ts'
import type { PrivacyMacros } from './privacy-macros.ts'
import { STATE_CHARS } from './sync-state.ts'

const COMMA = 0x2c

/** Entries of an answer to /cookie_sync, one behind the other, ready but for the states in them. */
export class EntryRun {
  readonly bytes: Buffer
  /** Where a state is to be, and where it is among those minted, by turns. */
  readonly #states: readonly number[]

  constructor(syncs: readonly Pick<Fit, 'template'>[], privacy: PrivacyMacros) {
    const pieces: Uint8Array[] = []
    const states: number[] = []
    let end = 0
    for (const [whose, { template }] of syncs.entries()) {
      if (whose > 0) pieces.push(Buffer.of(COMMA))
      const start = whose > 0 ? end + 1 : end
      const { bytes, statesAt } = template.entry(privacy)
      for (const at of statesAt) states.push(start + at, whose * STATE_CHARS)
      pieces.push(bytes)
      end = start + bytes.length
    }
    this.bytes = Buffer.concat(pieces, end)
    this.#states = states
  }

  /** `chars`: a state for each, as SyncStates.mintChars writes them. */
  write(into: AnswerBytes, chars: Uint8Array): void {
    into.putOver(into.put(this.bytes), this.#states, { bytes: chars, count: STATE_CHARS })
  }
}
