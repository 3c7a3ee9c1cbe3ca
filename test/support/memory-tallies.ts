import {
  type LogCursor,
  type StreamPosition,
  type Tally,
  type TallyBatch,
  type TallyChanges,
  type TallyEntry,
  TallyGap,
  type TallyStore,
} from '../../audience/store/store.ts'

/** Counters in memory, keeping the promises of TallyStore, but that nothing is ever forgotten: the oracle of the others. */
export class MemoryTallies implements TallyStore {
  readonly #positions = new Map<string, StreamPosition>()
  readonly #days = new Map<string, Map<string, bigint>>()
  readonly #once = new Map<string, TallyEntry>()
  readonly #among = new Map<string, number>()
  /** `<day> <field>` of what changed, in order, since it was cleared last. */
  readonly #moves: string[] = []
  #clears = 0

  async applied(): Promise<ReadonlyMap<string, StreamPosition>> {
    return new Map(this.#positions)
  }

  async apply({ stream, after, upTo, entries }: TallyBatch): Promise<void> {
    const applied = this.#positions.get(stream) ?? { seq: 0, digest: '' }
    if (applied.seq === upTo.seq && applied.digest === upTo.digest) return
    if (applied.seq !== after) throw new TallyGap(stream, applied)
    for (const entry of entries) this.#enter(entry)
    this.#positions.set(stream, upTo)
  }

  /** Counts entries as if the next of a stream of their own. */
  async enter(entries: readonly TallyEntry[], stream = 'test'): Promise<void> {
    const after = this.#positions.get(stream)?.seq ?? 0
    await this.apply({
      stream,
      after,
      upTo: { seq: after + 1, digest: `at ${after + 1}` },
      entries,
    })
  }

  async *read(
    fromDay: string,
    toDay: string,
    isWanted: (field: string) => boolean = () => true,
  ): AsyncIterable<Tally> {
    for (const [day, fields] of this.#days)
      if (day >= fromDay && day <= toDay)
        for (const [field, value] of fields) if (isWanted(field)) yield { day, field, value }
  }

  async changesEnd(): Promise<LogCursor> {
    return `${this.#clears} ${this.#moves.length}`
  }

  async changesSince(cursor: LogCursor): Promise<TallyChanges> {
    const [clears, from] = cursor.split(' ').map(Number) as [number, number]
    const fellOff = clears !== this.#clears
    const moves = fellOff ? [] : this.#moves.slice(from)
    const changed = [...new Set(moves)].map((name) => {
      const [day, field] = name.split(/ (.*)/s) as [string, string]
      return { day, field, value: this.#days.get(day)?.get(field) ?? 0n }
    })
    return { changed, cursor: await this.changesEnd(), fellOff, hasMore: false }
  }

  async retire(streams: readonly string[]): Promise<void> {
    for (const stream of streams) this.#positions.delete(stream)
  }

  async clear(): Promise<void> {
    for (const one of [this.#positions, this.#days, this.#once, this.#among]) one.clear()
    this.#clears++
    this.#moves.length = 0
  }

  #enter(entry: TallyEntry): void {
    const { once } = entry
    if (once) {
      const counted = this.#once.get(once.id)
      if (counted && counted.once!.rank >= once.rank) return
      if (!counted && once.among && !this.#isAmong(once.among)) return
      if (counted) this.#move(counted, -1n)
      this.#once.set(once.id, entry)
    }
    this.#move(entry, 1n)
  }

  #isAmong({ id, max }: { id: string; max: number }): boolean {
    const taken = this.#among.get(id) ?? 0
    if (taken < max) this.#among.set(id, taken + 1)
    return taken < max
  }

  /** Counters at zero are as if they had never been. */
  #move({ adds }: TallyEntry, sign: bigint): void {
    for (const { day, field, by } of adds) {
      const fields = this.#days.get(day) ?? new Map<string, bigint>()
      this.#days.set(day, fields)
      this.#moves.push(`${day} ${field}`)
      const value = (fields.get(field) ?? 0n) + sign * by
      if (value === 0n) fields.delete(field)
      else fields.set(field, value)
    }
  }
}
