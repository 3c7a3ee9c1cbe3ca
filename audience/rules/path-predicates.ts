import type { PropertyTest, Scalar } from './expression.ts'
import { nameOf, numberOf, propertyHolds } from './property-test.ts'

/**
 * The distinct tests of one property, laid out so that the ones a value satisfies are found without
 * trying each: equality by hash, order by where the value stands among the sorted thresholds, the rest
 * one by one.
 */
export class PathPredicates {
  readonly #equal = new Map<string, number[]>()
  readonly #exists: number[] = []
  readonly #least: Thresholds = new Thresholds((a, b) => a - b)
  readonly #most: Thresholds = new Thresholds((a, b) => b - a)
  readonly #others: { id: number; test: PropertyTest }[] = []

  add(id: number, test: PropertyTest): void {
    const { is, value } = test
    if (is === 'exists') this.#exists.push(id)
    else if (is === '==') this.#equalTo(id, value as Scalar)
    else if (is === 'in') for (const one of value as Scalar[]) this.#equalTo(id, one)
    else if (is === '>=' || is === '>') this.#least.add(id, numberOf(value as Scalar), is === '>')
    else if (is === '<=' || is === '<') this.#most.add(id, numberOf(value as Scalar), is === '<')
    else this.#others.push({ id, test })
  }

  /** Calls `found` with each test that the values satisfy, some maybe more than once. */
  match(values: readonly Scalar[], found: (id: number) => void): void {
    for (const id of this.#exists) found(id)
    for (const value of values) {
      for (const id of this.#equal.get(nameOf(value)) ?? NONE) found(id)
      const number = numberOf(value)
      if (Number.isNaN(number)) continue
      this.#least.match(number, found)
      this.#most.match(number, found)
    }
    for (const { id, test } of this.#others) if (propertyHolds(test, values)) found(id)
  }

  #equalTo(id: number, value: Scalar): void {
    const name = nameOf(value)
    const known = this.#equal.get(name)
    if (known) known.push(id)
    else this.#equal.set(name, [id])
  }
}

const NONE: readonly number[] = []

/** Tests by threshold, the easiest to satisfy first: a value satisfies a stretch from the beginning. */
class Thresholds {
  readonly #order: (a: number, b: number) => number
  readonly #tests: { id: number; at: number; isStrict: boolean }[] = []
  #isSorted = true

  constructor(order: (a: number, b: number) => number) {
    this.#order = order
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
