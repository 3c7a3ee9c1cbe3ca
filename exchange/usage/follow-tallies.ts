import type { LogCursor, Tally, TallyStore } from '../../audience/store/store.ts'

/** Follows what changes among counters, for one who holds what was derived from them. */
export class TallyFollower {
  readonly #tallies: TallyStore
  #cursor: LogCursor | undefined
  /** Of steps before one that failed. */
  #seen: Tally[] = []

  constructor(tallies: TallyStore) {
    this.#tallies = tallies
  }

  /**
   * What changed since it was asked last; undefined at first, and where that is not known: then everything has to be
   * read anew. Rejects where the store cannot be read; nothing is lost by that.
   */
  async next(): Promise<readonly Tally[] | undefined> {
    if (this.#cursor === undefined) {
      this.#cursor = await this.#tallies.changesEnd()
      return undefined
    }
    for (let hasMore = true; hasMore; ) {
      const { changed, cursor, fellOff, ...more } = await this.#tallies.changesSince(this.#cursor)
      this.#cursor = cursor
      if (fellOff) {
        this.#seen = []
        return undefined
      }
      // One by one: there may be more than an argument list holds.
      for (const tally of changed) this.#seen.push(tally)
      hasMore = more.hasMore
    }
    const seen = this.#seen
    this.#seen = []
    return seen
  }
}
