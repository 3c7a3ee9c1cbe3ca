import { costPerMilleMicros } from '../../cheapest-contract.ts'
import { type Attribution, attributeSet, type SetMember } from '../attribution/attribute-set.ts'
import { COUNTED, type Counts, noCounts } from '../price/counts.ts'
import type { TallyField } from '../tally-field.ts'
import { keyText, type UsageKey } from './usage-line.ts'
import { keyOf, type UsageLookups } from './usage-lookups.ts'

/** What is counted of a line of a set. */
export interface SetLine {
  key: UsageKey
  counts: Counts
}

/** A segment of a set, with what was counted of it there: lines differ in their currency alone. */
interface Counting extends SetMember {
  contract: string
  version: number
  /** Orders the members of a set. */
  text: string
  lines: SetLine[]
}

/** The name of the set that a counter is of: what competes is of one currency, and told prices may name another. */
export function setOf(day: string, { set, deal, witness }: TallyField): string {
  return [set, day, deal, witness].join('.')
}

/** Segments that were used together, and what was counted of each. */
export class CompetingSet {
  readonly #lookups: UsageLookups
  readonly #members = new Map<string, Counting>()

  constructor(lookups: UsageLookups) {
    this.#lookups = lookups
  }

  /** Segments in it. */
  get size(): number {
    return this.#members.size
  }

  take(day: string, field: TallyField, value: bigint): void {
    if (!isCounted(field.measure)) return
    const key = keyOf(day, field, this.#lookups.terms)
    const text = keyText({ ...key, currency: '' })
    let member = this.#members.get(text)
    if (!member) this.#members.set(text, (member = this.#memberOf(key, text)))
    let line = member.lines.find((one) => one.key.currency === key.currency)
    if (!line) member.lines.push((line = { key, counts: noCounts() }))
    line.counts[field.measure] += value
  }

  /** Segments whose people have to be counted: only where population decides. */
  asked(): string[] {
    const members = [...this.#members.values()]
    return members.flatMap((one) =>
      this.#attributionOf(one) === 'by_population' ? [one.segment] : [],
    )
  }

  /** Every line, in one order. */
  lines(): SetLine[] {
    return this.#inOrder().flatMap(({ lines }) => lines)
  }

  /** Which part of an impression each line is billed for, in WHOLEs, in the order of `lines`. */
  shares(populations: ReadonlyMap<string, bigint>): [SetLine, bigint][] {
    const members = this.#inOrder()
    if (members.length === 0) return []
    for (const member of members) member.population = populations.get(member.segment) ?? 0n
    const { deal } = members[0]!.lines[0]!.key
    const audience = deal ? this.#lookups.audience(deal) : undefined
    const shares = attributeSet(members, this.#attributionOf(members[0]!), audience)
    return members.flatMap((member) =>
      member.lines.map((line): [SetLine, bigint] => [line, shares.get(member) ?? 0n]),
    )
  }

  /** Which of equally cheap members is billed must not hang on the reading. */
  #inOrder(): Counting[] {
    return [...this.#members.values()].sort((a, b) => (a.text < b.text ? -1 : 1))
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

/** People in the segments of these sets by which it is decided what is billed: counting them takes a while. */
export async function populationsOf(
  sets: Iterable<CompetingSet>,
  { populations }: UsageLookups,
): Promise<ReadonlyMap<string, bigint>> {
  const asked = new Set<string>()
  for (const set of sets) for (const segment of set.asked()) asked.add(segment)
  return asked.size > 0 ? populations(asked) : new Map()
}

function isCounted(measure: string): measure is (typeof COUNTED)[number] {
  return (COUNTED as readonly string[]).includes(measure)
}
