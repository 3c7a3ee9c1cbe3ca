import { costPerMilleMicros } from '../../cheapest-contract.ts'
import { type Attribution, attributeSet, type SetMember } from '../attribution/attribute-set.ts'
import { WHOLE } from '../attribution/population-shares.ts'
import { apportion } from '../price/apportion.ts'
import { COUNTED, type Counts, noCounts } from '../price/counts.ts'
import { halfEven } from '../price/half-even.ts'
import type { TallyField } from '../tally-field.ts'
import { keyText, type UsageKey } from './usage-line.ts'
import { keyOf, type UsageLookups } from './usage-lookups.ts'

type Counted = (typeof COUNTED)[number]

/** A segment of a set, with what was counted of it there. */
interface Counting extends SetMember {
  key: UsageKey
  counts: Counts
}

/** Parts of one line, in WHOLEs. */
interface Parts {
  key: UsageKey
  counts: Counts
}

/** Takes counters of segments that were used together, and says what falls to each. */
export class SetSplitter {
  readonly #lookups: UsageLookups
  /** By set, day, deal, witness and currency: its members by line. */
  readonly #sets = new Map<string, Map<string, Counting>>()

  constructor(lookups: UsageLookups) {
    this.#lookups = lookups
  }

  take(day: string, field: TallyField, value: bigint): void {
    const { measure, set, deal, witness, currency } = field
    if (!isCounted(measure)) return
    const name = [set, day, deal, witness, currency].join('.')
    const members = this.#sets.get(name) ?? new Map<string, Counting>()
    this.#sets.set(name, members)
    const key = keyOf(day, field, this.#lookups.terms)
    const text = keyText(key)
    const member = members.get(text) ?? this.#memberOf(key)
    members.set(text, member)
    member.counts[measure] += value
  }

  /** What is billed of each line, in whole numbers. */
  async split(): Promise<Iterable<{ key: UsageKey; counted: Counted; value: bigint }>> {
    await this.#countPeople()
    return this.#splits()
  }

  /** Only where population decides: counting people takes a while. */
  async #countPeople(): Promise<void> {
    const all = [...this.#sets.values()].flatMap((members) => [...members.values()])
    const asked = all.filter(({ key }) => this.#attributionOf(key) === 'by_population')
    if (asked.length === 0) return
    const segments = new Set(asked.map(({ segment }) => segment))
    const populations = await this.#lookups.populations(segments)
    for (const member of asked) member.population = populations.get(member.segment) ?? 0n
  }

  *#splits(): Iterable<{ key: UsageKey; counted: Counted; value: bigint }> {
    for (const parts of this.#partsByBuyer().values())
      for (const counted of COUNTED) {
        const due = parts.map(({ counts }) => counts[counted])
        const sum = due.reduce((a, b) => a + b, 0n)
        const values = apportion(halfEven(sum, WHOLE), due)
        for (const [i, { key }] of parts.entries())
          if (values[i] !== 0n) yield { key, counted, value: values[i]! }
      }
  }

  /**
   * What is due to each line of all sets, gathered by whose bill it is on: there it is rounded together,
   * so that no unit is lost, and nobody's units depend on others'.
   */
  #partsByBuyer(): Map<string, Parts[]> {
    const groups = new Map<string, Map<string, Parts>>()
    for (const members of this.#sets.values())
      for (const [{ key, counts }, share] of this.#sharesOf([...members.values()])) {
        const { buyer = '' } = this.#lookups.terms.contract(key.contract, key.version) ?? {}
        const name = [key.day, key.deal, key.witness, key.currency, buyer].join('.')
        const group = groups.get(name) ?? new Map<string, Parts>()
        groups.set(name, group)
        const text = keyText(key)
        const parts = group.get(text) ?? { key, counts: noCounts() }
        group.set(text, parts)
        for (const counted of COUNTED) parts.counts[counted] += counts[counted] * share
      }
    const sorted = (group: Map<string, Parts>) =>
      [...group].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, parts]) => parts)
    return new Map([...groups].map(([name, group]) => [name, sorted(group)]))
  }

  /** Members in one order, so that which of equally cheap ones is billed does not hang on the reading. */
  #sharesOf(members: Counting[]): ReadonlyMap<Counting, bigint> {
    members.sort((a, b) => (keyText(a.key) < keyText(b.key) ? -1 : 1))
    const { key } = members[0]!
    const audience = key.deal ? this.#lookups.audience(key.deal) : undefined
    return attributeSet(members, this.#attributionOf(key), audience)
  }

  #attributionOf({ contract, version }: UsageKey): Attribution {
    return this.#lookups.terms.contract(contract, version)?.attribution ?? 'used_all'
  }

  #memberOf(key: UsageKey): Counting {
    const { terms, category } = this.#lookups
    const contract = terms.contract(key.contract, key.version)
    return {
      key,
      counts: noCounts(),
      segment: key.segment,
      priceMicros: contract ? costPerMilleMicros(contract.price) : 0,
      category: category(key.segment),
      population: 0n,
    }
  }
}

function isCounted(measure: string): measure is Counted {
  return (COUNTED as readonly string[]).includes(measure)
}
