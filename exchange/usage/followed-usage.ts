import type { Tally, TallyStore } from '../../audience/store/store.ts'
import { type Contracts, monthOf, PRICED } from './cap-usage.ts'
import { needsAllDays } from './reached-cap.ts'
import { countedAs } from './read/counted-as.ts'
import { addDays } from './read/stretches.ts'
import { emptyLine, type UsageLine } from './read/usage-line.ts'
import { contractOf, decodeField, type Measure } from './tally-field.ts'
import type { UsageTerms } from './usage-terms.ts'

export interface FollowedOptions {
  tallies: TallyStore
  /** Counters that are held at once. */
  countersMax: number
  /** How often (ms) days before `from` are read again, where something of theirs changed. */
  pastEveryMs: number
}

/** A moment at which usage is looked at. */
export interface LookAt {
  /** The first day whose counters are held one by one. */
  from: string
  terms: UsageTerms
  elapsedMs: number
}

/** What is counted of a contract version on a day, or in a month, whatever its segments, deals and witnesses. */
interface Totals {
  day: string
  version: number
  counts: Map<Measure, bigint>
}

class Held {
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
}

/**
 * Usage of contracts whose segments do not compete, by day and version, kept by what changes: a look costs what was counted
 * since the last one, however much there is. Days that are over long enough are held by month, and read again, at most so
 * often, where something of theirs changed.
 */
export class FollowedUsage {
  readonly #options: FollowedOptions
  readonly #held = new Map<string, Held>()
  #from = ''

  constructor(options: FollowedOptions) {
    this.#options = options
  }

  /** All of it is read anew. */
  forget(): void {
    this.#held.clear()
  }

  /** Takes in what changed since the last look. */
  apply(changed: readonly Tally[]): void {
    for (const tally of changed) {
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
    this.#roll(at.from)
    for (const id of this.#held.keys()) if (!contracts.has(id)) this.#held.delete(id)
    if (!(await this.#readRecent(contracts))) {
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

  async #readRecent(contracts: Contracts): Promise<boolean> {
    let room = this.#options.countersMax
    for (const { counters } of this.#held.values()) room -= counters
    if (room < 0) return false
    const missing = [...contracts.keys()].filter((id) => !this.#held.has(id))
    if (missing.length === 0) return true
    const found = new Map(missing.map((id) => [id, new Held()]))
    for await (const tally of this.#options.tallies.read(this.#from, LAST_DAY, wanted(found))) {
      if (room-- === 0) return false
      this.#take(found.get(contractOf(tally.field))!, tally)
    }
    for (const [id, held] of found) this.#held.set(id, held)
    return true
  }

  async #readPast(contracts: Contracts, { terms, elapsedMs }: LookAt): Promise<void> {
    const found = new Map<string, Map<string, Totals>>()
    for (const [id, held] of this.#held) {
      const isDue = held.isPastStale && elapsedMs - held.pastReadMs >= this.#options.pastEveryMs
      if (!needsAllDays(id, contracts.get(id)!, terms)) held.past = undefined
      else if (!held.past || isDue) found.set(id, new Map())
    }
    if (found.size === 0) return
    const before = addDays(this.#from, -1)
    const { tallies } = this.#options
    for await (const { day, field, value } of tallies.read(FIRST_DAY, before, wanted(found))) {
      const { contract, measure, version } = decodeField(field)!
      add(found.get(contract)!, { day: monthOf({ day }), version }, [measure, value])
    }
    for (const [id, past] of found) {
      const fresh = { past, pastReadMs: elapsedMs, isPastStale: false, lines: undefined }
      Object.assign(this.#held.get(id)!, fresh)
    }
  }

  #take(held: Held, { day, field: name, value }: Tally): void {
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
    if (from > this.#from) for (const held of this.#held.values()) this.#rollOne(held, from)
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

const FIRST_DAY = '0000-01-01'
const LAST_DAY = '9999-12-31'

function wanted(contracts: ReadonlyMap<string, unknown>): (name: string) => boolean {
  return (name) => {
    if (!contracts.has(contractOf(name))) return false
    const field = decodeField(name)
    return field !== undefined && PRICED.has(field.measure)
  }
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
