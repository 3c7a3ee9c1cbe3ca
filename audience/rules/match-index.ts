import { AskedPath } from './asked-path.ts'
import { type Conjunctions, conjunctionsOf } from './conjunctions.ts'
import { ruleHolds } from './evaluate.ts'
import type { EventPath } from './event-path.ts'
import type { EventValues } from './event-values.ts'
import type { Expression, PropertyTest, Scalar } from './expression.ts'
import type { PersonHistory, RuleTime } from './history.ts'
import { inOrderOfChoice } from './in-order-of-choice.ts'
import { LIMITS } from './limits.ts'
import { Needles } from './needles.ts'
import { propertyHolds } from './property-test.ts'

/** A rule over one event, and what to call it. */
export interface IndexedRule<T> {
  id: T
  rule: Expression
}

/**
 * Finds which of many rules hold for an event without asking each: an index over conjunctions (Whang et al., "Indexing
 * Boolean Expressions", VLDB 2009), in which each waits at its rarest test only, its entry (Fabret et al.,
 * "Filtering Algorithms and Implementation for Very Fast Publish/Subscribe Systems", SIGMOD 2001). Counting every
 * test that holds costs most where it tells least: half of all rules ask for the same few kinds of events. A
 * conjunction that is entered has its other tests decided, each once for an event. Nothing is cleared in between: what is
 * known is stamped with the event it belongs to.
 */
export class MatchIndex<T> {
  readonly #ids: readonly T[]
  /** Rules whose conjunctions say less than they do: of what is found they are asked themselves. */
  readonly #inexact = new Map<number, Expression>()
  readonly #tests: readonly PropertyTest[]
  /** All paths that are asked for. */
  readonly #paths = new Map<string, AskedPath>()
  /** By test, its path. */
  readonly #askedBy: readonly AskedPath[]
  /**
   * Conjunctions by their entry, side by side, since what is far apart in memory costs more than to ask it: the rule, how
   * many tests are asked besides, and these: a test twice, one more where it must not hold.
   */
  readonly #conjunctions: Uint32Array
  /** By test, where the conjunctions begin whose entry it is. Last come those of negated tests only. */
  readonly #entries: Uint32Array
  /** By test that asks what a text contains: where all such of its path are searched for at once. */
  readonly #searches: readonly (Search | undefined)[]
  readonly #knownFor: Uint32Array
  readonly #holds: Uint8Array
  readonly #enteredFor: Uint32Array
  readonly #foundFor: Uint32Array
  #event = 0

  constructor(rules: readonly IndexedRule<T>[]) {
    const draft = new Draft()
    this.#ids = rules.map(({ id }) => id)
    for (const [i, { rule }] of rules.entries()) {
      const conjunctions = conjunctionsOf(rule, LIMITS.conjunctionsMax)
      draft.add(i, conjunctions)
      if (!conjunctions.isExact) this.#inexact.set(i, rule)
    }
    this.#tests = draft.tests
    this.#askedBy = draft.tests.map(({ property }) => this.#pathOf(property))
    const byEntry = draft.byEntry()
    for (const [id, test] of draft.tests.entries())
      if (byEntry[id]!.length > 0) this.#askedBy[id]!.predicates.add(id, test)
    this.#conjunctions = Uint32Array.from(byEntry.flat(2))
    this.#entries = new Uint32Array(byEntry.length + 1)
    for (const [i, some] of byEntry.entries())
      this.#entries[i + 1] = this.#entries[i]! + some.reduce((sum, { length }) => sum + length, 0)
    this.#searches = searchesOf(draft.tests)
    this.#knownFor = new Uint32Array(draft.tests.length)
    this.#holds = new Uint8Array(draft.tests.length)
    this.#enteredFor = new Uint32Array(byEntry.length)
    this.#foundFor = new Uint32Array(rules.length)
  }

  /** The rules that hold for an event, each once, in no order. */
  match(event: EventValues): T[] {
    this.#begin()
    const found: T[] = []
    const enter = (entry: number) => this.#enter(entry, event, found)
    const { paths, lists } = event
    // What is entered asks for other paths than its own, so all are there before.
    for (let i = 0; i < paths.length; i++) this.#askedAt(paths[i]!)?.has(this.#event, lists[i]!)
    for (let i = 0; i < paths.length; i++) paths[i]!.asked?.predicates.match(lists[i]!, enter)
    this.#enter(this.#tests.length, event, found)
    return found
  }

  #askedAt(path: EventPath): AskedPath | undefined {
    if (path.index !== this) {
      path.index = this
      path.asked = this.#paths.get(path.path)
    }
    return path.asked
  }

  /** Stamps start anew before they run out, so that none of old can be taken for the event's. */
  #begin(): void {
    if (++this.#event < 0xffff_ffff) return
    for (const search of this.#searches) if (search) search.madeFor = 0
    for (const path of this.#paths.values()) path.has(0, NONE)
    for (const stamps of [this.#knownFor, this.#enteredFor, this.#foundFor]) stamps.fill(0)
    this.#event = 1
  }

  #enter(entry: number, event: EventValues, found: T[]): void {
    if (this.#enteredFor[entry] === this.#event) return
    this.#enteredFor[entry] = this.#event
    const asks = this.#conjunctions
    const end = this.#entries[entry + 1]!
    for (let at = this.#entries[entry]!; at < end; ) {
      const rule = asks[at]!
      const next = at + 2 + asks[at + 1]!
      for (at += 2; at < next; at++) if (this.#holdsNow(asks[at]! >>> 1) === (asks[at]! & 1)) break
      if (at === next) this.#find(rule, event, found)
      at = next
    }
  }

  #find(index: number, event: EventValues, found: T[]): void {
    if (this.#foundFor[index] === this.#event) return
    const inexact = this.#inexact.size > 0 ? this.#inexact.get(index) : undefined
    if (inexact && !holdsForEvent(inexact, event)) return
    this.#foundFor[index] = this.#event
    found.push(this.#ids[index]!)
  }

  #holdsNow(test: number): number {
    if (this.#knownFor[test] === this.#event) return this.#holds[test]!
    const search = this.#searches[test]
    // Where a search was made, what is not known to hold does not.
    if (search?.madeFor === this.#event) return 0
    const values = this.#askedBy[test]!.valuesIn(this.#event)
    if (search) return this.#search(search, test, values)
    this.#knownFor[test] = this.#event
    return (this.#holds[test] = propertyHolds(this.#tests[test]!, values) ? 1 : 0)
  }

  #search(search: Search, test: number, values: readonly Scalar[]): number {
    search.madeFor = this.#event
    for (const value of values) search.needles.match(String(value), this.#noteHolds)
    return this.#knownFor[test] === this.#event ? 1 : 0
  }

  readonly #noteHolds = (test: number): void => {
    this.#knownFor[test] = this.#event
    this.#holds[test] = 1
  }

  #pathOf(path: string): AskedPath {
    let asked = this.#paths.get(path)
    if (!asked) this.#paths.set(path, (asked = new AskedPath()))
    return asked
  }
}

const NONE: readonly Scalar[] = []

/** Tests of one path that ask what its text contains. */
interface Search {
  needles: Needles
  /** Number of the event it was made for last. */
  madeFor: number
}

function searchesOf(tests: readonly PropertyTest[]): (Search | undefined)[] {
  const byPath = new Map<string, Search>()
  return tests.map(({ property, is, value }, id) => {
    if (is !== 'contains') return undefined
    let search = byPath.get(property)
    if (!search) byPath.set(property, (search = { needles: new Needles(), madeFor: 0 }))
    search.needles.add(id, String(value))
    return search
  })
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

/** An index while it is made: the different tests, and who asks for which. */
class Draft {
  readonly tests: PropertyTest[] = []
  readonly #conjunctions: { rule: number; wanted: number[]; unwanted: number[] }[] = []
  readonly #byText = new Map<string, number>()

  add(rule: number, { any }: Conjunctions): void {
    for (const literals of any) {
      const wanted = new Set<number>()
      const unwanted = new Set<number>()
      for (const { test, isNot } of literals) (isNot ? unwanted : wanted).add(this.#idOf(test))
      // What asks for a thing and its opposite never holds.
      if ([...wanted].some((test) => unwanted.has(test))) continue
      this.#conjunctions.push({ rule, wanted: [...wanted], unwanted: [...unwanted] })
    }
  }

  /** Conjunctions by their entry, those without one last; each as `MatchIndex` keeps them. */
  byEntry(): number[][][] {
    const groups: number[][][] = Array.from({ length: this.tests.length + 1 }, () => [])
    for (const { rule, wanted, unwanted } of inOrderOfChoice(this.tests, this.#conjunctions)) {
      const [entry = this.tests.length, ...rest] = wanted
      const asks = [...rest.map((test) => test * 2), ...unwanted.map((test) => test * 2 + 1)]
      groups[entry]!.push([rule, asks.length, ...asks])
    }
    return groups
  }

  #idOf(test: PropertyTest): number {
    const text = JSON.stringify([test.property, test.is, test.value])
    let id = this.#byText.get(text)
    if (id === undefined) {
      id = this.tests.push(test) - 1
      this.#byText.set(text, id)
    }
    return id
  }
}
