import { type Clock, dayOf } from '../../clock.ts'
import { LIMITS } from '../limits.ts'
import { type OncePlan, planTallies, type TallyPlan } from '../plan-tallies.ts'
import {
  type StreamPosition,
  TALLY_OVERFLOW,
  type Tally,
  type TallyAdd,
  type TallyBatch,
  TallyGap,
  type TallyStore,
} from '../store.ts'
import type { EmbeddedDb, TallyDb } from './lmdb.ts'

const NONE: StreamPosition = { seq: 0, digest: '' }
const INT64_BITS = 64
/** Sorts behind every number and name of a key. */
const LAST = '\uffff'

/** What the entry that counts has added: [day, number of the counter, by]. */
type OnceState = { rank: string; adds: [string, number, string][] }

/**
 * Tallies in LMDB, one database of JSON by key:
 *
 *     [applied, stream]   {seq, digest}        [count, day, number]  the counter, as decimal text
 *     [number, field]     its short number     [field, number]       back again
 *     [once, day, id]     {rank, adds}         [until, day]          first UTC day without them
 */
export class EmbeddedTallies implements TallyStore {
  readonly #db: EmbeddedDb
  readonly #tallies: TallyDb
  readonly #clock: Clock
  #sweptDay = 0

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
      this.#carryOut(plan)
      this.#tallies.put(['applied', batch.stream], batch.upTo)
    })
  }

  async *read(fromDay: string, toDay: string): AsyncIterable<Tally> {
    const end = ['count', toDay, LAST]
    let start: { start: (string | number)[]; exclusiveStart?: boolean } = {
      start: ['count', fromDay],
    }
    for (;;) {
      this.#db.refresh()
      const limit = LIMITS.holdersScanMax
      // Each step is a read of its own: a snapshot held over turns would keep old pages from reuse.
      const step = [...this.#tallies.getRange({ ...start, end, limit })]
      for (const { key, value } of step) {
        if (value === '0') continue
        const field = String(this.#tallies.get(['field', key[2]!]))
        yield { day: String(key[1]), field, value: BigInt(value as string) }
      }
      if (step.length < limit) return
      start = { start: step.at(-1)!.key, exclusiveStart: true }
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async retire(streams: readonly string[]): Promise<void> {
    await this.#db.transact(() => {
      for (const stream of streams) this.#tallies.remove(['applied', stream])
    })
  }

  async clear(): Promise<void> {
    await this.#db.transact(() => this.#tallies.clearSync())
  }

  #carryOut({ adds, once }: TallyPlan): void {
    for (const { day, field, by } of adds) this.#add(day, this.#numberOf(field), by)
    for (const one of once) this.#countOnce(one)
  }

  #countOnce({ day, id, rank, untilMs, adds }: OncePlan): void {
    const key = ['once', day, id]
    const held = this.#tallies.get(key) as OnceState | undefined
    if (held && held.rank >= rank) return
    for (const [on, number, by] of held?.adds ?? []) this.#add(on, number, -BigInt(by))
    const numbered = adds.map(({ day, field, by }) => ({ day, number: this.#numberOf(field), by }))
    for (const one of numbered) this.#add(one.day, one.number, one.by)
    const kept = numbered.map((one) => [one.day, one.number, String(one.by)])
    this.#tallies.put(key, { rank, adds: kept })
    const until = dayOf(untilMs) + 1
    if (((this.#tallies.get(['until', day]) as number | undefined) ?? 0) < until)
      this.#tallies.put(['until', day], until)
  }

  #add(day: TallyAdd['day'], number: number, by: bigint): void {
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
