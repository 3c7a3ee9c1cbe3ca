import { type Clock, dayOf } from '../../clock.ts'
import { LIMITS } from '../limits.ts'
import { type OncePlan, planTallies, type TallyPlan } from '../plan-tallies.ts'
import {
  type LogCursor,
  type StreamPosition,
  TALLY_OVERFLOW,
  type Tally,
  type TallyAdd,
  type TallyBatch,
  type TallyChanges,
  TallyGap,
  type TallyStore,
} from '../store.ts'
import { WantedNames } from '../wanted-names.ts'
import type { EmbeddedDb, TallyDb } from './lmdb.ts'

const NONE: StreamPosition = { seq: 0, digest: '' }
const INT64_BITS = 64
/** Sorts behind every number and name of a key. */
const LAST = '\uffff'

/** Which counters changed, by day, and when. */
type Changed = { atMs: number; days: Record<string, number[]> }

/** What the entry that counts has added: [day, number of the counter, by]. */
type OnceState = { rank: string; adds: [string, number, string][] }

/**
 * Tallies in LMDB, one database of JSON by key:
 *
 *     [applied, stream]   {seq, digest}        [count, day, number]  the counter, as decimal text
 *     [number, field]     its short number     [field, number]       back again
 *     [once, day, id]     {rank, adds}         [until, day]          first UTC day without them
 *                         for what ids are among: how many were counted
 *     [generation]        how often all of it was cleared
 *     [change, number]    {atMs, days}: which counters changed, by day
 */
export class EmbeddedTallies implements TallyStore {
  readonly #db: EmbeddedDb
  readonly #tallies: TallyDb
  readonly #clock: Clock
  readonly #wanted = new WantedNames()
  /** Counters that the part being applied changes, by day. */
  readonly #changed = new Map<string, Set<number>>()
  #sweptDay = 0
  /** As far as they were read, of one generation. */
  #names: { generation: number; byNumber: string[] } | undefined

  constructor(db: EmbeddedDb, clock: Clock) {
    this.#db = db
    this.#tallies = db.tallies
    this.#clock = clock
  }

  async applied(): Promise<ReadonlyMap<string, StreamPosition>> {
    this.#db.refresh()
    const found = new Map<string, StreamPosition>()
    for (const { key, value } of this.#tallies.getRange(rangeOf('applied')))
      found.set(String(key[1]), value as StreamPosition)
    return found
  }

  async apply(batch: TallyBatch): Promise<void> {
    const plan = planTallies(batch, this.#clock.now())
    await this.#sweep()
    await this.#db.transact(() => {
      const held = this.#tallies.get(['applied', batch.stream]) ?? NONE
      const { seq, digest } = held as StreamPosition
      if (seq === batch.upTo.seq && digest === batch.upTo.digest) return
      if (seq !== batch.after) throw new TallyGap(batch.stream, { seq, digest })
      this.#changed.clear()
      this.#carryOut(plan)
      this.#logChanges()
      this.#tallies.put(['applied', batch.stream], batch.upTo)
    })
  }

  async *read(
    fromDay: string,
    toDay: string,
    isWanted?: (field: string) => boolean,
  ): AsyncIterable<Tally> {
    const names = this.#namesNow()
    const wanted = isWanted && (await this.#wanted.numbers(isWanted, names))
    for (let day = this.#nextDay(fromDay); day <= toDay; day = this.#nextDay(day, LAST))
      for await (const [number, value] of wanted ? this.#pick(day, wanted) : this.#walk(day)) {
        if (value === '0') continue
        const field = names[number] ?? this.#namesNow()[number]
        if (field === undefined) throw new Error('the tallies were cleared while they were read')
        yield { day, field, value: BigInt(value) }
      }
  }

  async changesEnd(): Promise<LogCursor> {
    this.#db.refresh()
    return `${this.#generation()} ${this.#lastChange()}`
  }

  async changesSince(cursor: LogCursor): Promise<TallyChanges> {
    const names = this.#namesNow()
    const [generation, seen] = cursor.split(' ').map(Number) as [number, number]
    const last = this.#lastChange()
    if (generation !== this.#generation() || seen > last) return this.#fellOff()
    const days = new Map<string, Set<number>>()
    let [at, count] = [seen, 0]
    while (at < last && count < LIMITS.tallyChangedMax) {
      const change = this.#tallies.get(['change', ++at]) as Changed | undefined
      if (!change) return this.#fellOff()
      for (const [day, numbers] of Object.entries(change.days)) {
        const all = days.get(day) ?? new Set()
        days.set(day, all)
        for (const number of numbers) all.add(number)
        count += numbers.length
      }
    }
    const changed: Tally[] = []
    for (const [day, numbers] of days)
      for await (const [number, value] of this.#pick(day, [...numbers]))
        changed.push({ day, field: names[number]!, value: BigInt(value) })
    return { changed, cursor: `${generation} ${at}`, fellOff: false, hasMore: at < last }
  }

  async retire(streams: readonly string[]): Promise<void> {
    await this.#db.transact(() => {
      for (const stream of streams) this.#tallies.remove(['applied', stream])
    })
  }

  async clear(): Promise<void> {
    await this.#db.transact(() => {
      const generation = this.#generation()
      this.#tallies.clearSync()
      this.#tallies.put(['generation'], generation + 1)
    })
  }

  async #fellOff(): Promise<TallyChanges> {
    return { changed: [], cursor: await this.changesEnd(), fellOff: true, hasMore: false }
  }

  /** 0 before the first. */
  #lastChange(): number {
    for (const key of this.#tallies.getKeys({ ...reverseOf('change'), limit: 1 }))
      return Number(key[1])
    return 0
  }

  /** The first day with counters from a place on; LAST where there is none. */
  #nextDay(...from: string[]): string {
    this.#db.refresh()
    const range = { start: ['count', ...from], end: ['count', LAST], limit: 1 }
    for (const key of this.#tallies.getKeys(range)) return String(key[1])
    return LAST
  }

  /**
   * Counters of a day, in steps, between which other work goes on. Each is a read of its own: a snapshot
   * held over turns would keep old pages from reuse.
   */
  async *#walk(day: string): AsyncIterable<[number, string]> {
    const limit = LIMITS.holdersScanMax
    for (let from = 0; ; ) {
      this.#db.refresh()
      const range = { start: ['count', day, from], end: ['count', day, LAST], limit }
      const step = [...this.#tallies.getRange(range)]
      for (const { key, value } of step) yield [Number(key[2]), value as string]
      if (step.length < limit) return
      from = Number(step.at(-1)!.key[2]) + 1
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async *#pick(day: string, numbers: readonly number[]): AsyncIterable<[number, string]> {
    for (const [i, number] of numbers.entries()) {
      const value = this.#tallies.get(['count', day, number]) as string | undefined
      if (value !== undefined) yield [number, value]
      if ((i + 1) % LIMITS.holdersScanMax === 0)
        await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Names of counters by number (from 1), of which only those are read that are not known yet. */
  #namesNow(): readonly string[] {
    this.#db.refresh()
    const generation = this.#generation()
    const known = this.#names?.generation === generation ? this.#names.byNumber : ['']
    this.#names = { generation, byNumber: known }
    const range = { start: ['field', known.length], end: ['field', LAST] }
    for (const { key, value } of this.#tallies.getRange(range))
      known[Number(key[1])] = value as string
    return known
  }

  #generation(): number {
    return (this.#tallies.get(['generation']) as number | undefined) ?? 0
  }

  #carryOut({ adds, once }: TallyPlan): void {
    for (const { day, field, by } of adds) this.#add(day, this.#numberOf(field), by)
    for (const one of once) this.#countOnce(one)
  }

  #countOnce({ day, id, rank, among, untilMs, adds }: OncePlan): void {
    const key = ['once', day, id]
    const held = this.#tallies.get(key) as OnceState | undefined
    if (held && held.rank >= rank) return
    if (!held && among && !this.#isAmong(day, among)) return
    for (const [on, number, by] of held?.adds ?? []) this.#add(on, number, -BigInt(by))
    const numbered = adds.map(({ day, field, by }) => ({ day, number: this.#numberOf(field), by }))
    for (const one of numbered) this.#add(one.day, one.number, one.by)
    const kept = numbered.map((one) => [one.day, one.number, String(one.by)])
    this.#tallies.put(key, { rank, adds: kept })
    const until = dayOf(untilMs) + 1
    if (((this.#tallies.get(['until', day]) as number | undefined) ?? 0) < until)
      this.#tallies.put(['until', day], until)
  }

  /** Takes a place for one more id where there is room. */
  #isAmong(day: string, { id, max }: NonNullable<OncePlan['among']>): boolean {
    const key = ['once', day, id]
    const taken = (this.#tallies.get(key) as number | undefined) ?? 0
    if (taken >= max) return false
    this.#tallies.put(key, taken + 1)
    return true
  }

  /** Nothing that is older than it need be; the last one stays, so that numbers go on. */
  #logChanges(): void {
    if (this.#changed.size === 0) return
    const atMs = this.#clock.now()
    const days = [...this.#changed].map(([day, numbers]) => [day, [...numbers]])
    this.#tallies.put(['change', this.#lastChange() + 1], { atMs, days: Object.fromEntries(days) })
    const old = []
    for (const { key, value } of this.#tallies.getRange(rangeOf('change'))) {
      if ((value as Changed).atMs > atMs - LIMITS.tallyChangesMs) break
      old.push(key)
    }
    for (const key of old) this.#tallies.remove(key)
  }

  #add(day: TallyAdd['day'], number: number, by: bigint): void {
    const changed = this.#changed.get(day) ?? new Set()
    this.#changed.set(day, changed.add(number))
    const key = ['count', day, number]
    const value = BigInt((this.#tallies.get(key) as string | undefined) ?? '0') + by
    if (BigInt.asIntN(INT64_BITS, value) === value) this.#tallies.put(key, String(value))
    else this.#add(day, this.#numberOf(TALLY_OVERFLOW), 1n)
  }

  #numberOf(field: string): number {
    const known = this.#tallies.get(['number', field]) as number | undefined
    if (known !== undefined) return known
    const [last] = [...this.#tallies.getKeys({ ...reverseOf('field'), limit: 1 })]
    const number = Number(last?.[1] ?? 0) + 1
    this.#tallies.put(['number', field], number)
    this.#tallies.put(['field', number], field)
    return number
  }

  /** Once a day: forgets what need not be remembered any more, in parts. */
  async #sweep(): Promise<void> {
    const today = dayOf(this.#clock.now())
    if (today <= this.#sweptDay) return
    this.#sweptDay = today
    this.#db.refresh()
    for (const { key, value } of [...this.#tallies.getRange(rangeOf('until'))])
      if ((value as number) <= today) await this.#forgetOnce(String(key[1]))
  }

  async #forgetOnce(day: string): Promise<void> {
    const limit = LIMITS.transactionChangesMax
    for (let removed: number = limit; removed === limit; ) {
      removed = await this.#db.transact(() => {
        const keys = [...this.#tallies.getKeys({ ...rangeOf('once', day), limit })]
        for (const key of keys) this.#tallies.remove(key)
        if (keys.length < limit) this.#tallies.remove(['until', day])
        return keys.length
      })
    }
  }
}

function rangeOf(...prefix: string[]): { start: string[]; end: string[] } {
  return { start: prefix, end: [...prefix, LAST] }
}

function reverseOf(...prefix: string[]) {
  return { start: [...prefix, LAST], end: prefix, reverse: true }
}
