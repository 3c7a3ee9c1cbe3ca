import type { Candidate, Fit } from './candidates.ts'
import { EntryRun } from './entry-run.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { PrivacyMacros } from './privacy-macros.ts'

/**
 * Everybody who may be synced from a page, in the order that one lot gave them. Where all are asked anyway the lot says
 * no more than who comes first, so visitors of one moment share it, and with it what their answers are made of.
 */
export class LineUp {
  readonly drawnMs: number
  readonly all: readonly Fit[]
  /** Of each of them, its place among the candidates. */
  readonly #places: readonly number[]
  #runFor: PrivacyMacros | undefined
  /** Null where it is too long to be kept. */
  #run: EntryRun | null | undefined

  /** `lotOf`: within a tier the highest comes first. */
  constructor(candidates: readonly Candidate[], lotOf: (one: Fit) => number, drawnMs: number) {
    this.drawnMs = drawnMs
    const drawn = candidates.flatMap((one, place) =>
      one.unfit === undefined ? { one: one as Fit, place, lot: lotOf(one as Fit) } : [],
    )
    drawn.sort((a, b) => a.one.tier - b.one.tier || b.lot - a.lot)
    this.all = drawn.map(({ one }) => one)
    this.#places = drawn.map(({ place }) => place)
  }

  /** Those of them whose places are marked, so many; where that is all, the very same list. */
  marked(isMarked: Uint8Array, count: number): readonly Fit[] {
    if (count === this.all.length) return this.all
    return this.all.filter((_, i) => isMarked[this.#places[i]!] === 1)
  }

  /** The entries of all in an answer: from the second visitor on who says the same of their privacy. */
  run(privacy: PrivacyMacros): EntryRun | undefined {
    if (this.#runFor !== privacy) {
      this.#runFor = privacy
      this.#run = undefined
    } else if (this.#run === undefined) {
      const run = new EntryRun(this.all, privacy)
      this.#run = run.bytes.length > SYNC_LIMITS.entryRunBytesMax ? null : run
    }
    return this.#run ?? undefined
  }
}
