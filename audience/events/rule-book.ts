import type { History } from '../../proto/history-blob.ts'
import { type Calendar, calendarIn } from '../calendar.ts'
import { type Clock, systemClock } from '../clock.ts'
import { Remembered } from '../remembered.ts'
import { MatchIndex } from '../rules/match-index.ts'
import { SEGMENT_KIND, type Segment } from '../segment.ts'
import type { CatalogSnapshot, KindRecords } from '../store/catalog-snapshot.ts'
import { type BookRule, type BookTrait, bookTrait, RuleOrder } from './book-rules.ts'
import type { Licences } from './licences.ts'
import { treeOf } from './rule-tree.ts'
import { SOURCE_KIND } from './source.ts'
import { TRAIT_KIND, type Trait } from './trait.ts'

/** Sets of traits for which it is remembered which rules they have a say in. */
const KEPT = { max: 1_000, charsMax: 100 }

/** What a book has to know of a partner that owns traits. */
export interface Owner {
  /** Names it as the owner of matches. */
  number: number
  /** IANA name: whose days the windows of its rules count. */
  timeZone: string
  /** What its rules may use that is not its own; absent: nothing, and all its sources are its own. */
  licences?: Licences
}

/** The traits and rules of one owner. */
export class OwnerRules {
  readonly id: string
  /** Number of the partner. */
  readonly number: number
  readonly calendar: Calendar
  readonly traits = new Map<string, BookTrait>()
  readonly traitByNumber = new Map<number, BookTrait>()
  /** Each behind those it asks for. */
  readonly rules: readonly BookRule[]
  /** Segments without rule, and of others, that rules ask for: id → number. */
  readonly imported = new Map<string, number>()
  /** Those of others, which count over matches of the exchange only. */
  readonly foreign = new Set<number>()
  readonly #records: OwnedRecords
  #index: MatchIndex<BookTrait> | undefined
  readonly #rulesOfTrait = new Map<string, number[]>()
  /** By the numbers of the traits: people have been shown the same few. */
  readonly #rulesOfTraits = new Remembered(KEPT, (numbers) => this.#rulesOfNumbers(numbers))

  constructor(id: string, owner: Owner, records: OwnedRecords) {
    this.id = id
    this.number = owner.number
    this.calendar = calendarIn(owner.timeZone)
    this.#records = records
    const { licences, timeZone } = owner
    for (const [traitId, record] of records.traits) {
      const trait = bookTrait(traitId, record, licences)
      // What a contract brought that is over is forgotten with it.
      if (!trait) continue
      this.traits.set(traitId, trait)
      this.traitByNumber.set(trait.number, trait)
    }
    const { segments } = records
    this.rules = new RuleOrder({ segments, traits: this.traits, licences, timeZone }).rules
    for (const [place, rule] of this.rules.entries())
      this.#note(rule, place, { segments, licences })
  }

  /** Finds the traits an event shows. Made when first asked for: only collectors do. */
  get index(): MatchIndex<BookTrait> {
    this.#index ??= new MatchIndex(
      [...this.traits.values()].flatMap((trait) => {
        // One that may not be used now sees nothing.
        const rule = trait.untilMs > 0 && treeOf(this.#records.traits.get(trait.id)!.when)
        return rule ? [{ id: trait, rule }] : []
      }),
    )
    return this.#index
  }

  /** Whether what is known of an id is this owner's to decide on: a namespace, and so an id, has one owner. */
  owns({ traits, segments }: Pick<History, 'traits' | 'segments'>): boolean {
    if (this === RuleBook.nobody) return traits.size + segments.size > 0
    for (const number of traits.keys()) if (this.traitByNumber.has(number)) return true
    return this.rules.some(({ segment }) => segments.has(segment))
  }

  /** The rules these traits may have a say in, each behind those it asks for. */
  rulesOf(traits: Iterable<BookTrait>): readonly BookRule[] {
    return this.#rulesOfTraits.of(Array.from(traits, ({ number }) => number).join())
  }

  #rulesOfNumbers(numbers: string): readonly BookRule[] {
    const places = new Set<number>()
    for (const number of numbers.split(',')) {
      const trait = this.traitByNumber.get(Number(number))
      for (const place of (trait && this.#rulesOfTrait.get(trait.id)) ?? []) places.add(place)
    }
    return [...places].sort((a, b) => a - b).map((place) => this.rules[place]!)
  }

  #note(
    rule: BookRule,
    place: number,
    { segments, licences }: Pick<OwnedRecords, 'segments'> & { licences: Licences | undefined },
  ): void {
    for (const trait of rule.reach) {
      const places = this.#rulesOfTrait.get(trait)
      if (places) places.push(place)
      else this.#rulesOfTrait.set(trait, [place])
    }
    for (const id of rule.asked) {
      const segment = segments.get(id)
      if (segment && segment.rule === undefined) this.imported.set(id, segment.number)
      const foreign = segment ? undefined : licences?.segment(id)
      if (!foreign) continue
      this.imported.set(id, foreign.number)
      this.foreign.add(foreign.number)
    }
  }
}

/** All owners' rules as of one catalog. */
export class RuleBook {
  readonly #owners = new Map<string, OwnerRules>()
  readonly #ownerByNumber = new Map<number, OwnerRules>()
  readonly #ownerOfTrait = new Map<number, OwnerRules>()
  readonly #ownerOfSegment = new Map<number, OwnerRules>()
  readonly #imported = new Set<number>()
  /** What it says of licences holds before this moment … */
  untilMs = Number.POSITIVE_INFINITY
  /** … and as long as these are the same, by owner. */
  readonly licences = new Map<string, string>()

  constructor(snapshot: CatalogSnapshot | undefined, ownerOf: OwnerLookup, nowMs: number) {
    const records = new Map<string, OwnedRecords>()
    for (const { id, value } of snapshot?.kind(TRAIT_KIND).values() ?? [])
      ownedBy(records, (value as Trait).owner).traits.set(id, value as Trait)
    for (const { id, value } of snapshot?.kind(SEGMENT_KIND).values() ?? []) {
      const own = records.get((value as Segment).owner)
      own?.segments.set(id, value as Segment)
    }
    for (const [id, own] of records) {
      const owner = snapshot && ownerOf(snapshot, id, nowMs)
      if (!owner) continue
      this.#add(new OwnerRules(id, owner, own))
      this.licences.set(id, owner.licences?.key ?? '')
      this.untilMs = Math.min(this.untilMs, owner.licences?.untilMs ?? Infinity)
    }
  }

  /** Decides on what belongs to nobody any more: no trait, no rule, and no match is its to use. */
  static readonly nobody = new OwnerRules(
    '',
    { number: -1, timeZone: 'UTC' },
    { traits: new Map(), segments: new Map() },
  )

  /** True where nobody has a rule. */
  get isEmpty(): boolean {
    return this.#ownerOfSegment.size === 0
  }

  owner(id: string): OwnerRules | undefined {
    return this.#owners.get(id)
  }

  ownerByNumber(number: number): OwnerRules | undefined {
    return this.#ownerByNumber.get(number)
  }

  ownerOfTrait(number: number): OwnerRules | undefined {
    return this.#ownerOfTrait.get(number)
  }

  /** Of a segment with a rule. */
  ownerOfSegment(number: number): OwnerRules | undefined {
    return this.#ownerOfSegment.get(number)
  }

  /** Whether a rule asks for a segment that has none. */
  asksForImported(number: number): boolean {
    return this.#imported.has(number)
  }

  /** Every segment with a rule: its number → the rule, and whose it is. */
  *rules(): Iterable<{ rule: BookRule; owner: number }> {
    for (const { number: owner, rules } of this.#owners.values())
      for (const rule of rules) yield { rule, owner }
  }

  /** Days for which each trait remembers, by its number. */
  *traitDays(): Iterable<[number, number]> {
    for (const { traits } of this.#owners.values())
      for (const { number, ttlDays } of traits.values()) yield [number, ttlDays]
  }

  #add(rules: OwnerRules): void {
    this.#owners.set(rules.id, rules)
    this.#ownerByNumber.set(rules.number, rules)
    for (const number of rules.traitByNumber.keys()) this.#ownerOfTrait.set(number, rules)
    for (const { segment } of rules.rules) this.#ownerOfSegment.set(segment, rules)
    for (const number of rules.imported.values()) this.#imported.add(number)
  }
}

export type OwnerLookup = (
  snapshot: CatalogSnapshot,
  id: string,
  nowMs: number,
) => Owner | undefined

/** The book of the catalog as it is, made anew only where something in it changed. */
export class RuleBooks {
  readonly #current: () => CatalogSnapshot | undefined
  readonly #ownerOf: OwnerLookup
  readonly #clock: Pick<Clock, 'now'>
  #kinds: readonly (KindRecords | undefined)[] = []
  #licensing: readonly (KindRecords | undefined)[] = []
  #snapshot: CatalogSnapshot | undefined
  #book: RuleBook | undefined

  constructor(
    current: () => CatalogSnapshot | undefined,
    ownerOf: OwnerLookup,
    clock: Pick<Clock, 'now'> = systemClock,
  ) {
    this.#current = current
    this.#ownerOf = ownerOf
    this.#clock = clock
  }

  now(): RuleBook {
    const snapshot = this.#current()
    const known = snapshot === this.#snapshot ? this.#book : undefined
    if (known && this.#clock.now() < known.untilMs) return known
    this.#snapshot = snapshot
    const kinds = [TRAIT_KIND, SEGMENT_KIND, 'partner'].map((kind) => snapshot?.kind(kind))
    const licensing = [SOURCE_KIND, 'contract'].map((kind) => snapshot?.kind(kind))
    const book = this.#book
    if (book && isSame(kinds, this.#kinds)) {
      if (isSame(licensing, this.#licensing) && this.#clock.now() < book.untilMs) return book
      if (this.#isStillLicensed(book, snapshot)) {
        this.#licensing = licensing
        return book
      }
    }
    this.#kinds = kinds
    this.#licensing = licensing
    this.#book = new RuleBook(snapshot, this.#ownerOf, this.#clock.now())
    return this.#book
  }

  /** Contracts come and go all the time; few are about what rules use. */
  #isStillLicensed(book: RuleBook, snapshot: CatalogSnapshot | undefined): boolean {
    const nowMs = this.#clock.now()
    if (!snapshot || nowMs >= book.untilMs) return false
    return [...book.licences].every(
      ([id, key]) => (this.#ownerOf(snapshot, id, nowMs)?.licences?.key ?? '') === key,
    )
  }
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.every((part, i) => part === other[i])
}

/** What an owner's rules are made of. */
export interface OwnedRecords {
  traits: Map<string, Trait>
  segments: Map<string, Segment>
}

function ownedBy(records: Map<string, OwnedRecords>, owner: string): OwnedRecords {
  let own = records.get(owner)
  if (!own) records.set(owner, (own = { traits: new Map(), segments: new Map() }))
  return own
}
