import type { Scalar } from './expression.ts'
import { PathPredicates } from './path-predicates.ts'

/** What an index asks of one path, and what its last event has there. */
export class AskedPath {
  /** The tests that are entries. */
  readonly predicates = new PathPredicates()
  #event = 0
  #values: readonly Scalar[] = NONE

  /** `event`: the index's number of it; 0 for none. */
  has(event: number, values: readonly Scalar[]): void {
    this.#event = event
    this.#values = values
  }

  valuesIn(event: number): readonly Scalar[] {
    return this.#event === event ? this.#values : NONE
  }
}

const NONE: readonly Scalar[] = []
