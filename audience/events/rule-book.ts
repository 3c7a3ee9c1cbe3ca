import { createHash } from 'node:crypto'
import type { History } from '../../proto/history-blob.ts'
import { type Calendar, calendarIn } from '../calendar.ts'
import { type Expression, segmentsOf, traitsOf } from '../rules/expression.ts'
import { MatchIndex } from '../rules/match-index.ts'
import { readExpression } from '../rules/read-expression.ts'
import { SEGMENT_KIND, type Segment } from '../segment.ts'
import type { CatalogSnapshot, KindRecords } from '../store/catalog-snapshot.ts'
import { TRAIT_KIND, type Trait } from './trait.ts'

/** What a book has to know of a partner that owns traits. */
export interface Owner {
  /** Names it as the owner of matches. */
  number: number
  /** IANA name: whose days the windows of its rules count. */
  timeZone: string
}

export interface BookTrait {
  id: string
  number: number
  ttlDays: number
}

/** A segment with a rule. */
export interface BookRule {
  id: string
  /** Number of the segment. */
  segment: number
  ttlDays: number
  tree: Expression
  /** Traits it asks for, itself or through the rules of other segments. */
  reach: ReadonlySet<string>
  /** Segments it asks for itself. */
  asked: ReadonlySet<string>
  /** Names all that decides who is in the segment: two rules of one signature decide the same. */
  signature: string
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
  /** Segments without rule that rules ask for: id → number. */
  readonly imported = new Map<string, number>()
  readonly #records: OwnedRecords
  #index: MatchIndex<BookTrait> | undefined
  readonly #rulesOfTrait = new Map<string, number[]>()

  constructor(id: string, owner: Owner, records: OwnedRecords) {
    this.id = id
    this.number = owner.number
    this.calendar = calendarIn(owner.timeZone)
    this.#records = records
    for (const [traitId, { number, ttlDays }] of records.traits) {
      const trait = { id: traitId, number, ttlDays }
      this.traits.set(traitId, trait)
      this.traitByNumber.set(number, trait)
    }
    this.rules = inOrder(records.segments, this.traits, owner.timeZone)
    for (const [place, rule] of this.rules.entries()) this.#note(rule, place, records.segments)
  }

  /** Finds the traits an event shows. Made when first asked for: only collectors do. */
  get index(): MatchIndex<BookTrait> {
    this.#index ??= new MatchIndex(
      [...this.traits.values()].flatMap((trait) => {
        const rule = treeOf(this.#records.traits.get(trait.id)!.when)
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
  rulesOf(traits: Iterable<BookTrait>): BookRule[] {
    const places = new Set<number>()
    for (const { id } of traits)
      for (const place of this.#rulesOfTrait.get(id) ?? []) places.add(place)
    return [...places].sort((a, b) => a - b).map((place) => this.rules[place]!)
  }

  #note(rule: BookRule, place: number, segments: OwnedRecords['segments']): void {
    for (const trait of rule.reach) {
      const places = this.#rulesOfTrait.get(trait)
      if (places) places.push(place)
      else this.#rulesOfTrait.set(trait, [place])
    }
    for (const id of rule.asked) {
      const segment = segments.get(id)
      if (segment && segment.rule === undefined) this.imported.set(id, segment.number)
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

  constructor(snapshot: CatalogSnapshot | undefined, ownerOf: OwnerLookup) {
    const records = new Map<string, OwnedRecords>()
    for (const { id, value } of snapshot?.kind(TRAIT_KIND).values() ?? [])
      ownedBy(records, (value as Trait).owner).traits.set(id, value as Trait)
    for (const { id, value } of snapshot?.kind(SEGMENT_KIND).values() ?? []) {
      const own = records.get((value as Segment).owner)
      own?.segments.set(id, value as Segment)
    }
    for (const [id, own] of records) {
      const owner = snapshot && ownerOf(snapshot, id)
      if (owner) this.#add(new OwnerRules(id, owner, own))
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

export type OwnerLookup = (snapshot: CatalogSnapshot, id: string) => Owner | undefined

/** The book of the catalog as it is, made anew only where something in it changed. */
export class RuleBooks {
  readonly #current: () => CatalogSnapshot | undefined
  readonly #ownerOf: OwnerLookup
  #kinds: readonly (KindRecords | undefined)[] = []
  #book: RuleBook | undefined

  constructor(current: () => CatalogSnapshot | undefined, ownerOf: OwnerLookup) {
    this.#current = current
    this.#ownerOf = ownerOf
  }

  now(): RuleBook {
    const snapshot = this.#current()
    const kinds = [TRAIT_KIND, SEGMENT_KIND, 'partner'].map((kind) => snapshot?.kind(kind))
    if (this.#book && kinds.every((records, i) => records === this.#kinds[i])) return this.#book
    this.#kinds = kinds
    this.#book = new RuleBook(snapshot, this.#ownerOf)
    return this.#book
  }
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

/** Trees by what was written: a record that did not change is not read again. */
const trees = new WeakMap<object, Expression | undefined>()
const textTrees = new Map<string, Expression | undefined>()
const TEXTS_MAX = 20_000

export function treeOf(given: unknown): Expression | undefined {
  if (typeof given === 'string') {
    if (!textTrees.has(given)) {
      if (textTrees.size >= TEXTS_MAX) textTrees.clear()
      textTrees.set(given, readTree(given))
    }
    return textTrees.get(given)
  }
  if (!trees.has(given as object)) trees.set(given as object, readTree(given))
  return trees.get(given as object)
}

/** What is kept was checked when it was written; what cannot be read all the same holds for nobody. */
function readTree(given: unknown): Expression | undefined {
  const read = readExpression(given, '')
  return 'tree' in read ? read.tree : undefined
}

/** Rules, each behind those it asks for; one on a circle, which the desk refuses, is left out. */
function inOrder(
  segments: ReadonlyMap<string, Segment>,
  traits: ReadonlyMap<string, BookTrait>,
  zone: string,
): BookRule[] {
  const rules: BookRule[] = []
  const done = new Map<string, BookRule | undefined>()
  const add = (id: string): BookRule | undefined => {
    if (done.has(id)) return done.get(id)
    done.set(id, undefined)
    const segment = segments.get(id)
    const tree = segment?.rule === undefined ? undefined : treeOf(segment.rule)
    if (!segment || !tree) return undefined
    const reach = traitsOf(tree)
    const others: unknown[] = []
    const asked = segmentsOf(tree)
    for (const other of asked) {
      const rule = add(other)
      for (const trait of rule?.reach ?? []) reach.add(trait)
      others.push([other, rule?.signature ?? segments.get(other)?.number])
    }
    const days = [...reach].sort().map((trait) => traits.get(trait))
    const { number, ttlDays } = segment
    const signature = signatureOf([zone, ttlDays, tree, others, days])
    const rule = { id, segment: number, ttlDays, tree, reach, asked, signature }
    done.set(id, rule)
    rules.push(rule)
    return rule
  }
  for (const id of segments.keys()) add(id)
  return rules
}

function signatureOf(parts: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}
