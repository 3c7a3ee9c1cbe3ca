import type { Tally, TallyStore } from '../../audience/store/store.ts'
import type { ContractRecord } from '../contract.ts'
import { buyersOfSets, type Contracts, competes, monthOf, PRICED } from './cap-usage.ts'
import { type BilledChange, FollowedSets } from './followed-sets.ts'
import { COUNTED } from './price/counts.ts'
import { needsAllDays } from './reached-cap.ts'
import { countedAs } from './read/counted-as.ts'
import { emptyLine, type UsageLine } from './read/usage-line.ts'
import type { UsageLookups } from './read/usage-lookups.ts'
import { contractOf, decodeField, isSetName, type Measure } from './tally-field.ts'
import type { UsageTerms } from './usage-terms.ts'

export interface FollowedOptions {
  tallies: TallyStore
  /** Counters that are held at once. */
  countersMax: number
  /** Usage of days before one, by month: see readPast. */
  readPast(contracts: Contracts, before: string, lookups: UsageLookups): Promise<UsageLine[]>
  /** How often (ms) days before `from` are read again, where something of theirs changed. */
  pastEveryMs: number
}

/** A moment at which usage is looked at. */
export interface LookAt {
  /** The first day whose counters are held one by one. */
  from: string
  lookups: UsageLookups
  elapsedMs: number
}

/** What is counted of a contract version on a day, or in a month, whatever its segments, deals and witnesses. */
interface Totals {
  day: string
  version: number
  counts: Map<Measure, bigint>
}

class Held {
  /** Its segments compete with others: what falls to it of sets is not its own counters. */
  readonly competes: boolean
  /** Counters of recent days as they were when last seen, by day and name. */
  readonly values = new Map<string, Map<string, bigint>>()
  /** How many of them. */
  counters = 0
  readonly recent = new Map<string, Totals>()
  /** Of days before, by month; undefined where nobody asks for them. */
  past: Map<string, Totals> | undefined
  isPastStale = false
  pastReadMs = 0
  lines: UsageLine[] | undefined

  constructor(competes: boolean) {
    this.competes = competes
  }
}

/**
 * Usage of contracts by day and version, kept by what changes: a look costs what was counted since the last one, however
 * much there is. What falls to segments that compete is kept set by set (`FollowedSets`). Days that are over long enough are
 * held by month, and read again, at most so often, where something of theirs changed.
 */
export class FollowedUsage {
  readonly #options: FollowedOptions
  readonly #held = new Map<string, Held>()
  readonly #sets = new FollowedSets()
  /** Buyers whose sets are held: what falls to one contract hangs on all that is on its buyer's bills. */
  #buyers: ReadonlySet<string> = new Set()
  #from = ''

  constructor(options: FollowedOptions) {
    this.#options = options
  }

  /** All of it is read anew. */
  forget(): void {
    this.#held.clear()
    this.#sets.forget()
    this.#buyers = new Set()
  }

  /** Takes in what changed since the last look. */
  apply(changed: readonly Tally[], lookups: UsageLookups): void {
    const isOfSets = isOfBuyers(this.#buyers, lookups.terms)
    for (const tally of changed) {
      if (isOfSets(tally.field)) {
        if (tally.day >= this.#from) this.#sets.take(tally, lookups)
        else for (const held of this.#held.values()) held.isPastStale ||= held.competes
      }
      const held = this.#held.get(contractOf(tally.field))
      if (!held) continue
      if (tally.day < this.#from) held.isPastStale = true
      else this.#take(held, tally)
    }
  }

  /**
   * Holds these contracts and no others, reading what is not known of them; false where that is more than is
   * held: then none are. Rejects where it cannot be read.
   */
  async follow(contracts: Contracts, at: LookAt): Promise<boolean> {
    // Before a day goes, what changed on it last is on its bills.
    await this.#settle(at.lookups)
    this.#roll(at.from)
    this.#dropOthers(contracts, at)
    if (!(await this.#readSets(contracts, at)) || !(await this.#readRecent(contracts, at))) {
      this.forget()
      return false
    }
    await this.#readPast(contracts, at)
    return true
  }

  /** All there is of a contract that is followed, the same array for as long as nothing changes. */
  linesOf(contract: string, terms: UsageTerms): readonly UsageLine[] {
    const held = this.#held.get(contract)!
    if (held.lines) return held.lines
    const totals = [...(held.past?.values() ?? []), ...held.recent.values()]
    const lines = totals.map((one) => lineOf(contract, one, terms))
    // Terms that nobody knows yet may be known at the next look.
    if (lines.every(({ unknown }) => unknown === 0n)) held.lines = lines
    return lines
  }

  async #settle(lookups: UsageLookups): Promise<void> {
    for (const one of await this.#sets.settle(lookups)) {
      const held = this.#held.get(one.contract)
      if (held) addBilled(held, one)
    }
  }

  /** A contract that competes since its last version, or not any more, is read anew. */
  #dropOthers(contracts: Contracts, { lookups: { terms } }: LookAt): void {
    for (const [id, held] of this.#held) {
      const contract = contracts.get(id)
      if (!contract || competes(id, contract, terms) !== held.competes) this.#held.delete(id)
    }
  }

  /** Of every contract that competes with others its buyer's sets; all of them anew where there is one more buyer. */
  async #readSets(contracts: Contracts, { lookups }: LookAt): Promise<boolean> {
    const { terms } = lookups
    const buyers = new Set([...contracts].flatMap(([id, one]) => buyersOfSets(id, one, terms)))
    const isSame =
      buyers.size === this.#buyers.size && [...buyers].every((one) => this.#buyers.has(one))
    if (isSame && !this.#sets.isWrong(lookups)) return true
    this.#sets.forget()
    for (const [id, { competes }] of this.#held) if (competes) this.#held.delete(id)
    this.#buyers = new Set()
    if (buyers.size > 0) {
      const isWanted = isOfBuyers(buyers, terms)
      for await (const tally of this.#options.tallies.read(this.#from, LAST_DAY, isWanted)) {
        this.#sets.take(tally, lookups)
        if (this.#sets.counters > this.#options.countersMax) return false
      }
      await this.#sets.settle(lookups)
    }
    this.#buyers = buyers
    return true
  }

  async #readRecent(contracts: Contracts, { lookups: { terms } }: LookAt): Promise<boolean> {
    let room = this.#options.countersMax - this.#sets.counters
    for (const { counters } of this.#held.values()) room -= counters
    if (room < 0) return false
    const found = new Map<string, Held>()
    for (const [id, contract] of contracts)
      if (!this.#held.has(id)) found.set(id, new Held(competes(id, contract, terms)))
    if (found.size === 0) return true
    for await (const tally of this.#options.tallies.read(this.#from, LAST_DAY, wanted(found))) {
      if (room-- === 0) return false
      this.#take(found.get(contractOf(tally.field))!, tally)
    }
    for (const [id, held] of found) {
      for (const one of this.#sets.billedOf(id)) addBilled(held, one)
      this.#held.set(id, held)
    }
    return true
  }

  async #readPast(contracts: Contracts, { lookups, elapsedMs }: LookAt): Promise<void> {
    const missing = new Map<string, ContractRecord>()
    for (const [id, held] of this.#held) {
      const contract = contracts.get(id)!
      const isDue = held.isPastStale && elapsedMs - held.pastReadMs >= this.#options.pastEveryMs
      if (!needsAllDays(id, contract, lookups.terms)) held.past = undefined
      else if (!held.past || isDue) missing.set(id, contract)
    }
    if (missing.size === 0) return
    const read = await this.#options.readPast(missing, this.#from, lookups)
    const found = new Map([...missing.keys()].map((id) => [id, new Map<string, Totals>()]))
    for (const line of read) {
      const past = found.get(line.contract)!
      for (const counted of COUNTED) add(past, line, [counted, line[counted]])
      add(past, line, ['unknownBilled', line.unknown])
    }
    for (const [id, past] of found) {
      const fresh = { past, pastReadMs: elapsedMs, isPastStale: false, lines: undefined }
      Object.assign(this.#held.get(id)!, fresh)
    }
  }

  #take(held: Held, { day, field: name, value }: Tally): void {
    if (held.competes && isSetName(name)) return
    const field = decodeField(name)
    if (!field || !PRICED.has(field.measure)) return
    let values = held.values.get(day)
    if (!values) held.values.set(day, (values = new Map()))
    const known = values.get(name)
    if (known === value) return
    if (known === undefined) held.counters++
    values.set(name, value)
    add(held.recent, { day, version: field.version }, [field.measure, value - (known ?? 0n)])
    held.lines = undefined
  }

  /** Days that are over long enough are from now on held by month. */
  #roll(from: string): void {
    // The clock was put back.
    if (from < this.#from) this.forget()
    if (from > this.#from) {
      this.#sets.roll(from)
      for (const held of this.#held.values()) this.#rollOne(held, from)
    }
    this.#from = from
  }

  #rollOne(held: Held, from: string): void {
    for (const [day, values] of held.values)
      if (day < from) {
        held.counters -= values.size
        held.values.delete(day)
      }
    for (const [key, { day, version, counts }] of held.recent)
      if (day < from) {
        for (const one of counts)
          if (held.past) add(held.past, { day: monthOf({ day }), version }, one)
        held.recent.delete(key)
        held.lines = undefined
      }
  }
}

const LAST_DAY = '9999-12-31'

function wanted(contracts: ReadonlyMap<string, unknown>): (name: string) => boolean {
  return (name) => {
    if (!contracts.has(contractOf(name))) return false
    const field = decodeField(name)
    return field !== undefined && PRICED.has(field.measure)
  }
}

/** Counters of sets on the bills of these buyers, or of whom nobody knows. */
function isOfBuyers(buyers: ReadonlySet<string>, terms: UsageTerms): (name: string) => boolean {
  return (name) => {
    if (buyers.size === 0 || !isSetName(name)) return false
    const field = decodeField(name)
    if (!field || !PRICED.has(field.measure)) return false
    const { buyer } = terms.contract(field.contract, field.version) ?? {}
    return buyer === undefined || buyers.has(buyer)
  }
}

/** Of one that does not compete, what it had of sets under earlier terms is among its own counters. */
function addBilled(held: Held, { day, version, counted, by }: BilledChange): void {
  if (!held.competes) return
  add(held.recent, { day, version }, [counted, by])
  held.lines = undefined
}

function add(
  totals: Map<string, Totals>,
  { day, version }: Pick<Totals, 'day' | 'version'>,
  [measure, by]: [Measure, bigint],
): void {
  const key = `${day} ${version}`
  let one = totals.get(key)
  if (!one) totals.set(key, (one = { day, version, counts: new Map() }))
  one.counts.set(measure, (one.counts.get(measure) ?? 0n) + by)
}

function lineOf(contract: string, { day, version, counts }: Totals, terms: UsageTerms): UsageLine {
  const whole = { segment: '', deal: '', witness: 'gateway', currency: '' } as const
  const line = emptyLine({ day, contract, version, ...whole })
  for (const [measure, value] of counts)
    for (const counted of countedAs({ measure, contract, version }, terms)) line[counted] += value
  return line
}
