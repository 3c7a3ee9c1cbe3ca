import type { PropertyTest, Scalar } from './expression.ts'
import { Needles } from './needles.ts'
import { numberOf, propertyHolds, sameKey } from './property-test.ts'

/**
 * The distinct tests of one property, laid out so that the ones a value satisfies are found without
 * trying each: equality, beginnings and what a text contains by hash, order by where the value stands among the sorted
 * thresholds, the rest one by one.
 */
export class PathPredicates {
  readonly #equal = new Map<Scalar, number[]>()
  readonly #exists: number[] = []
  readonly #least: Thresholds = new Thresholds((a, b) => a - b)
  readonly #most: Thresholds = new Thresholds((a, b) => b - a)
  /** By the length of the beginning. */
  readonly #starts = new Map<number, Map<string, number[]>>()
  readonly #needles = new Needles()
  readonly #others: { id: number; test: PropertyTest }[] = []

  add(id: number, test: PropertyTest): void {
    const { is, value } = test
    if (is === 'exists') this.#exists.push(id)
    else if (is === '==') into(this.#equal, sameKey(value as Scalar), id)
    else if (is === 'in')
      for (const one of new Set((value as Scalar[]).map(sameKey))) into(this.#equal, one, id)
    else if (is === '>=' || is === '>') this.#least.add(id, numberOf(value as Scalar), is === '>')
    else if (is === '<=' || is === '<') this.#most.add(id, numberOf(value as Scalar), is === '<')
    else if (is === 'startswith') this.#startingWith(id, String(value))
    else if (is === 'contains') this.#needles.add(id, String(value))
    else this.#others.push({ id, test })
  }

  /** Calls `found` with each test that the values satisfy, some maybe more than once. */
  match(values: readonly Scalar[], found: (id: number) => void): void {
    for (const id of this.#exists) found(id)
    for (const value of values) {
      if (this.#equal.size > 0) each(this.#equal.get(sameKey(value)), found)
      if (this.#starts.size > 0) this.#matchStarts(String(value), found)
      if (!this.#needles.isEmpty) this.#needles.match(String(value), found)
      if (this.#least.isEmpty && this.#most.isEmpty) continue
      const number = numberOf(value)
      if (Number.isNaN(number)) continue
      this.#least.match(number, found)
      this.#most.match(number, found)
    }
    for (const { id, test } of this.#others) if (propertyHolds(test, values)) found(id)
  }

  #startingWith(id: number, start: string): void {
    let sameLength = this.#starts.get(start.length)
    if (!sameLength) this.#starts.set(start.length, (sameLength = new Map()))
    into(sameLength, start, id)
  }

  #matchStarts(text: string, found: (id: number) => void): void {
    for (const [length, starts] of this.#starts)
      if (length <= text.length) each(starts.get(text.slice(0, length)), found)
  }
}

function into<K>(lists: Map<K, number[]>, key: K, id: number): void {
  const known = lists.get(key)
  if (known) known.push(id)
  else lists.set(key, [id])
}

function each(ids: readonly number[] | undefined, found: (id: number) => void): void {
  if (ids) for (let i = 0; i < ids.length; i++) found(ids[i]!)
}

/** Tests by threshold, the easiest to satisfy first: a value satisfies a stretch from the beginning. */
class Thresholds {
  readonly #order: (a: number, b: number) => number
  readonly #tests: { id: number; at: number; isStrict: boolean }[] = []
  #isSorted = true

  constructor(order: (a: number, b: number) => number) {
    this.#order = order
  }

  get isEmpty(): boolean {
    return this.#tests.length === 0
  }

  /** A threshold that is no number is never passed. */
  add(id: number, at: number, isStrict: boolean): void {
    if (Number.isNaN(at)) return
    this.#tests.push({ id, at, isStrict })
    this.#isSorted = false
  }

  match(value: number, found: (id: number) => void): void {
    if (!this.#isSorted) this.#sort()
    for (const { id, at, isStrict } of this.#tests) {
      const beyond = this.#order(value, at)
      if (beyond < 0) return
      if (beyond > 0 || !isStrict) found(id)
    }
  }

  #sort(): void {
    this.#tests.sort((a, b) => this.#order(a.at, b.at))
    this.#isSorted = true
  }
}
