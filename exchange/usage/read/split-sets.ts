import { setImmediate as nextTurn } from 'node:timers/promises'
import { costPerMilleMicros } from '../../cheapest-contract.ts'
import { LIMITS } from '../../limits.ts'
import { type Attribution, attributeSet, type SetMember } from '../attribution/attribute-set.ts'
import { WHOLE } from '../attribution/population-shares.ts'
import { apportion } from '../price/apportion.ts'
import { COUNTED, type Counts, noCounts } from '../price/counts.ts'
import { halfEven } from '../price/half-even.ts'
import type { TallyField } from '../tally-field.ts'
import { keyText, type UsageKey } from './usage-line.ts'
import { keyOf, type UsageLookups } from './usage-lookups.ts'

type Counted = (typeof COUNTED)[number]

/** A segment of a set, with what was counted of it there: lines differ in their currency alone. */
interface Counting extends SetMember {
  contract: string
  version: number
  /** Orders the members of a set. */
  text: string
  lines: Line[]
}

/** What is counted of a line; what is due to it, in WHOLEs. */
interface Line {
  key: UsageKey
  counts: Counts
}

/** Takes counters of segments that were used together, and says what falls to each. */
export class SetSplitter {
  readonly #lookups: UsageLookups
  /** By set, day, deal and witness: its members. What competes is of one currency, and told prices may name another. */
  readonly #sets = new Map<string, Map<string, Counting>>()
  #size = 0
  /** What is due to each line of sets that were gathered: by whose bill it is on, so that nobody's units depend on others'. */
  readonly #groups = new Map<string, Map<string, Line>>()
  #lines = 0

  constructor(lookups: UsageLookups) {
    this.#lookups = lookups
  }

  /** Segments in the sets that were taken and not gathered yet. */
  get size(): number {
    return this.#size
  }

  /** Lines to which something is due. */
  get lines(): number {
    return this.#lines
  }

  take(day: string, field: TallyField, value: bigint): void {
    const { measure, set, deal, witness } = field
    if (!isCounted(measure)) return
    const name = [set, day, deal, witness].join('.')
    const members = this.#sets.get(name) ?? new Map<string, Counting>()
    this.#sets.set(name, members)
    const key = keyOf(day, field, this.#lookups.terms)
    const text = keyText({ ...key, currency: '' })
    let member = members.get(text)
    if (!member) {
      members.set(text, (member = this.#memberOf(key, text)))
      this.#size++
    }
    let line = member.lines.find((one) => one.key.currency === key.currency)
    if (!line) member.lines.push((line = { key, counts: noCounts() }))
    line.counts[measure] += value
  }

  /**
   * Works out what is due to each segment of the sets that were taken, and forgets them: there may be a set for each
   * kind of person, and all of one day and witness must have been taken. In steps between which other work goes on.
   */
  async gather(): Promise<void> {
    await this.#countPeople()
    let taken = 0
    for (const members of this.#sets.values()) {
      if (++taken % LIMITS.setsSplitMax === 0) await nextTurn()
      for (const [{ lines }, share] of this.#sharesOf([...members.values()]))
        for (const line of lines) this.#add(line, share)
    }
    this.#sets.clear()
    this.#size = 0
  }

  /** What is billed of each line, in whole numbers: what is on one bill is rounded together, so that no unit is lost. */
  *split(): Iterable<{ key: UsageKey; counted: Counted; value: bigint }> {
    for (const group of this.#groups.values()) {
      const parts = [...group].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
      for (const counted of COUNTED) {
        const due = parts.map(({ counts }) => counts[counted])
        const sum = due.reduce((a, b) => a + b, 0n)
        const values = apportion(halfEven(sum, WHOLE), due)
        for (const [i, { key }] of parts.entries())
          if (values[i] !== 0n) yield { key, counted, value: values[i]! }
      }
    }
  }

  /** Only where population decides: counting people takes a while. */
  async #countPeople(): Promise<void> {
    const all = [...this.#sets.values()].flatMap((members) => [...members.values()])
    const asked = all.filter((member) => this.#attributionOf(member) === 'by_population')
    if (asked.length === 0) return
    const segments = new Set(asked.map(({ segment }) => segment))
    const populations = await this.#lookups.populations(segments)
    for (const member of asked) member.population = populations.get(member.segment) ?? 0n
  }

  #add({ key, counts }: Line, share: bigint): void {
    const { buyer = '' } = this.#lookups.terms.contract(key.contract, key.version) ?? {}
    const name = [key.day, key.deal, key.witness, key.currency, buyer].join('.')
    const group = this.#groups.get(name) ?? new Map<string, Line>()
    this.#groups.set(name, group)
    const text = keyText(key)
    let due = group.get(text)
    if (!due) {
      group.set(text, (due = { key, counts: noCounts() }))
      this.#lines++
    }
    for (const counted of COUNTED) due.counts[counted] += counts[counted] * share
  }

  /** Members in one order, so that which of equally cheap ones is billed does not hang on the reading. */
  #sharesOf(members: Counting[]): ReadonlyMap<Counting, bigint> {
    members.sort((a, b) => (a.text < b.text ? -1 : 1))
    const { deal } = members[0]!.lines[0]!.key
    const audience = deal ? this.#lookups.audience(deal) : undefined
    return attributeSet(members, this.#attributionOf(members[0]!), audience)
  }

  #attributionOf({ contract, version }: Pick<UsageKey, 'contract' | 'version'>): Attribution {
    return this.#lookups.terms.contract(contract, version)?.attribution ?? 'used_all'
  }

  #memberOf({ contract, version, segment }: UsageKey, text: string): Counting {
    const { terms, category } = this.#lookups
    const { price } = terms.contract(contract, version) ?? {}
    return {
      contract,
      version,
      segment,
      text,
      lines: [],
      priceMicros: price ? costPerMilleMicros(price) : 0,
      category: category(segment),
      population: 0n,
    }
  }
}

function isCounted(measure: string): measure is Counted {
  return (COUNTED as readonly string[]).includes(measure)
}
