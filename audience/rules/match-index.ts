import { type Conjunctions, conjunctionsOf } from './conjunctions.ts'
import { ruleHolds } from './evaluate.ts'
import type { EventValues } from './event-values.ts'
import type { Expression, PropertyTest } from './expression.ts'
import type { PersonHistory, RuleTime } from './history.ts'
import { LIMITS } from './limits.ts'
import { PathPredicates } from './path-predicates.ts'

/** A rule over one event, and what to call it. */
export interface IndexedRule<T> {
  id: T
  rule: Expression
}

/**
 * Finds which of many rules hold for an event without asking each: a counting index over conjunctions
 * (Whang et al., "Indexing Boolean Expressions", VLDB 2009). Each distinct test is decided once; it then
 * counts towards the conjunctions it stands in, or rules those out in which it stands negated. A test
 * that several values of one property satisfy counts once. Counters are never cleared: each is stamped
 * with the event it belongs to.
 */
export class MatchIndex<T> {
  readonly #paths = new Map<string, PathPredicates>()
  /** By test: conjunctions it stands in, and those it stands in negated. */
  readonly #standsIn: Uint32Array[] = []
  readonly #rulesOut: Uint32Array[] = []
  /** By conjunction: how many tests have to hold, and whose it is. */
  readonly #needs: Uint16Array
  readonly #ruleOf: Uint32Array
  /** Conjunctions of negated tests only: they hold unless ruled out. */
  readonly #unless: Uint32Array
  readonly #rules: readonly (IndexedRule<T> & { isExact: boolean })[]
  readonly #counts: Uint16Array
  readonly #countedFor: Uint32Array
  readonly #ruledOutFor: Uint32Array
  readonly #testedFor: Uint32Array
  readonly #foundFor: Uint32Array
  #event = 0

  constructor(rules: readonly IndexedRule<T>[]) {
    const draft = new Draft()
    this.#rules = rules.map((rule, i) => {
      const conjunctions = conjunctionsOf(rule.rule, LIMITS.conjunctionsMax)
      draft.add(i, conjunctions)
      return { ...rule, isExact: conjunctions.isExact }
    })
    for (const [id, { test, standsIn, rulesOut }] of draft.tests.entries()) {
      this.#predicatesOf(test.property).add(id, test)
      this.#standsIn.push(Uint32Array.from(standsIn))
      this.#rulesOut.push(Uint32Array.from(rulesOut))
    }
    this.#needs = Uint16Array.from(draft.needs)
    this.#ruleOf = Uint32Array.from(draft.ruleOf)
    this.#unless = Uint32Array.from(draft.needs.flatMap((need, i) => (need === 0 ? [i] : [])))
    this.#counts = new Uint16Array(draft.needs.length)
    this.#countedFor = new Uint32Array(draft.needs.length)
    this.#ruledOutFor = new Uint32Array(draft.needs.length)
    this.#testedFor = new Uint32Array(draft.tests.length)
    this.#foundFor = new Uint32Array(rules.length)
  }

  /** The rules that hold for an event, each once, in no order. */
  match(event: EventValues): T[] {
    this.#begin()
    const complete: number[] = []
    for (const [path, values] of event)
      this.#paths.get(path)?.match(values, (test) => this.#count(test, complete))
    const found: T[] = []
    for (const conjunction of complete) this.#find(conjunction, event, found)
    for (const conjunction of this.#unless) this.#find(conjunction, event, found)
    return found
  }

  /** Stamps start anew before they run out, so that none of old can be taken for the event's. */
  #begin(): void {
    if (++this.#event < 0xffff_ffff) return
    for (const stamps of [this.#countedFor, this.#ruledOutFor, this.#testedFor, this.#foundFor])
      stamps.fill(0)
    this.#event = 1
  }

  #count(test: number, complete: number[]): void {
    const event = this.#event
    if (this.#testedFor[test] === event) return
    this.#testedFor[test] = event
    for (const conjunction of this.#rulesOut[test]!) this.#ruledOutFor[conjunction] = event
    for (const conjunction of this.#standsIn[test]!) {
      const isFirst = this.#countedFor[conjunction] !== event
      this.#countedFor[conjunction] = event
      const count = isFirst ? 1 : this.#counts[conjunction]! + 1
      this.#counts[conjunction] = count
      if (count === this.#needs[conjunction]) complete.push(conjunction)
    }
  }

  #find(conjunction: number, event: EventValues, found: T[]): void {
    const index = this.#ruleOf[conjunction]!
    if (this.#ruledOutFor[conjunction] === this.#event || this.#foundFor[index] === this.#event)
      return
    const { id, rule, isExact } = this.#rules[index]!
    if (!isExact && !holdsForEvent(rule, event)) return
    this.#foundFor[index] = this.#event
    found.push(id)
  }

  #predicatesOf(path: string): PathPredicates {
    let predicates = this.#paths.get(path)
    if (!predicates) this.#paths.set(path, (predicates = new PathPredicates()))
    return predicates
  }
}

/** Whether a rule over one event holds for it, asked directly. */
export function holdsForEvent(rule: Expression, event: EventValues): boolean {
  const history: PersonHistory = {
    shown: () => [],
    property: (path) => event.get(path) ?? [],
    memberSinceMs: () => undefined,
  }
  return ruleHolds(rule, history, NO_TIME)
}

/** Rules over an event ask for properties only: no time comes into it. */
const NO_TIME = { nowMs: 0 } as RuleTime

/** An index while it is made: lists that grow. */
class Draft {
  readonly tests: { test: PropertyTest; standsIn: number[]; rulesOut: number[] }[] = []
  readonly needs: number[] = []
  readonly ruleOf: number[] = []
  readonly #byText = new Map<string, number>()

  add(rule: number, { any }: Conjunctions): void {
    for (const literals of any) {
      const wanted = new Set<number>()
      const unwanted = new Set<number>()
      for (const { test, isNot } of literals) (isNot ? unwanted : wanted).add(this.#idOf(test))
      // What asks for a thing and its opposite never holds.
      if ([...wanted].some((test) => unwanted.has(test))) continue
      const conjunction = this.needs.push(wanted.size) - 1
      this.ruleOf.push(rule)
      for (const test of wanted) this.tests[test]!.standsIn.push(conjunction)
      for (const test of unwanted) this.tests[test]!.rulesOut.push(conjunction)
    }
  }

  #idOf(test: PropertyTest): number {
    const text = JSON.stringify([test.property, test.is, test.value])
    let id = this.#byText.get(text)
    if (id === undefined) {
      id = this.tests.push({ test, standsIn: [], rulesOut: [] }) - 1
      this.#byText.set(text, id)
    }
    return id
  }
}
