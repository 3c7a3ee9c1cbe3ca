import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Tally } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import type { Counts } from './price/counts.ts'
import { Bill, billOf } from './read/bill.ts'
import { CompetingSet, populationsOf, type SetLine, setOf } from './read/competing-set.ts'
import type { UsageLookups } from './read/usage-lookups.ts'
import { decodeField } from './tally-field.ts'

/** What is billed under a contract version on a day, more or less than before. */
export interface BilledChange {
  contract: string
  version: number
  day: string
  counted: keyof Counts
  by: bigint
}

interface HeldSet {
  day: string
  /** Its counters, by name. */
  values: Map<string, bigint>
  /** What of it is on bills, line by line, as `linesOf` gives them; undefined while it is not. */
  shares: bigint[] | undefined
}

interface HeldBill {
  day: string
  bill: Bill
  /** What is billed of it, by contract and version. */
  billed: Map<string, BilledChange>
}

/**
 * Sets of segments that were used together on recent days, and what is billed of them: kept by what changes. What changes
 * in a set takes what was due of it off its bills, and what is due now is put on them; bills are then rounded anew.
 */
export class FollowedSets {
  /** By day and name. */
  readonly #days = new Map<string, Map<string, HeldSet>>()
  readonly #bills = new Map<string, HeldBill>()
  readonly #changed = new Set<HeldSet>()
  readonly #changedBills = new Set<HeldBill>()
  /** Contract versions whose terms nobody knew. */
  readonly #unknown = new Map<string, { contract: string; version: number }>()
  #counters = 0
  /** Sets in turn, to be looked at again. */
  #turn: Iterator<HeldSet> = [].values()

  /** Counters that are held. */
  get counters(): number {
    return this.#counters
  }

  forget(): void {
    this.#days.clear()
    this.#bills.clear()
    this.#changed.clear()
    this.#changedBills.clear()
    this.#unknown.clear()
    this.#counters = 0
    this.#turn = [].values()
  }

  /** What was counted under terms that nobody knew was put on the wrong bills: all of it has to be read anew. */
  isWrong({ terms }: UsageLookups): boolean {
    return [...this.#unknown.values()].some(({ contract, version }) =>
      terms.contract(contract, version),
    )
  }

  take({ day, field: name, value }: Tally, lookups: UsageLookups): void {
    const field = decodeField(name)!
    const { contract, version } = field
    if (!lookups.terms.contract(contract, version))
      this.#unknown.set(`${contract} ${version}`, { contract, version })
    const set = this.#setOf(day, setOf(day, field))
    const known = set.values.get(name)
    if ((known ?? 0n) === value) return
    this.#takeOff(set, lookups)
    if (known === undefined) this.#counters++
    if (value !== 0n) set.values.set(name, value)
    else {
      set.values.delete(name)
      this.#counters--
    }
  }

  /** Works out what is billed now, in steps; rejects where people cannot be counted, and goes on from there. */
  async settle(lookups: UsageLookups): Promise<BilledChange[]> {
    this.#lookAgain(lookups)
    const sets = new Map([...this.#changed].map((held) => [held, competing(held, lookups)]))
    const populations = await populationsOf(sets.values(), lookups)
    let taken = 0
    for (const [held, set] of sets) {
      if (++taken % LIMITS.setsSplitMax === 0) await nextTurn()
      const lines = set.shares(populations)
      for (const [line, share] of lines) this.#billOf(line, lookups).bill.add(line, share)
      held.shares = lines.map(([, share]) => share)
      this.#changed.delete(held)
    }
    const changes = [...this.#changedBills].flatMap(rounded)
    this.#changedBills.clear()
    return changes
  }

  /** What is billed under a contract. */
  *billedOf(contract: string): Iterable<BilledChange> {
    for (const { billed } of this.#bills.values())
      for (const one of billed.values()) if (one.contract === contract) yield one
  }

  /** Forgets the days before. */
  roll(from: string): void {
    for (const [day, sets] of this.#days)
      if (day < from) {
        for (const set of sets.values()) {
          this.#counters -= set.values.size
          this.#changed.delete(set)
        }
        this.#days.delete(day)
      }
    for (const [name, held] of this.#bills)
      if (held.day < from) {
        this.#bills.delete(name)
        this.#changedBills.delete(held)
      }
  }

  /** What a set is billed by (a deal's audience, a taxonomy, how many people there are) changes without a word: all sets are looked at again in turn. */
  #lookAgain(lookups: UsageLookups): void {
    for (let n = 0; n < LIMITS.setsAgainMax; n++) {
      const { done, value } = this.#turn.next()
      if (done) {
        this.#turn = this.#all()
        return
      }
      if (this.#days.get(value.day)) this.#takeOff(value, lookups)
    }
  }

  *#all(): Iterator<HeldSet> {
    for (const sets of this.#days.values()) yield* sets.values()
  }

  #setOf(day: string, name: string): HeldSet {
    let sets = this.#days.get(day)
    if (!sets) this.#days.set(day, (sets = new Map()))
    let set = sets.get(name)
    if (!set) sets.set(name, (set = { day, values: new Map(), shares: [] }))
    return set
  }

  /** Takes what is due of a set off its bills, until it is settled. */
  #takeOff(held: HeldSet, lookups: UsageLookups): void {
    if (held.shares === undefined) return
    const { shares } = held
    for (const [i, line] of competing(held, lookups).lines().entries())
      this.#billOf(line, lookups).bill.add(line, -shares[i]!)
    held.shares = undefined
    this.#changed.add(held)
  }

  #billOf({ key }: SetLine, { terms }: UsageLookups): HeldBill {
    const name = billOf(key, terms)
    let held = this.#bills.get(name)
    if (!held) this.#bills.set(name, (held = { day: key.day, bill: new Bill(), billed: new Map() }))
    this.#changedBills.add(held)
    return held
  }
}

function competing({ day, values }: HeldSet, lookups: UsageLookups): CompetingSet {
  const set = new CompetingSet(lookups)
  for (const [name, value] of values) set.take(day, decodeField(name)!, value)
  return set
}

/** What is billed of a bill other than before. */
function rounded(held: HeldBill): BilledChange[] {
  const before = held.billed
  held.billed = new Map()
  for (const { key, counted, value } of held.bill.split()) {
    const { contract, version, day } = key
    const name = `${contract} ${version} ${counted}`
    const known = held.billed.get(name)
    if (known) known.by += value
    else held.billed.set(name, { contract, version, day, counted, by: value })
  }
  const names = new Set([...before.keys(), ...held.billed.keys()])
  return [...names].flatMap((name) => {
    const one = (held.billed.get(name) ?? before.get(name))!
    const by = (held.billed.get(name)?.by ?? 0n) - (before.get(name)?.by ?? 0n)
    return by === 0n ? [] : [{ ...one, by }]
  })
}
