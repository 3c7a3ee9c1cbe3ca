import { EventPath } from './event-path.ts'
import type { Scalar } from './expression.ts'

/** Values of an event by dotted path, in the order in which it has them. */
export class EventValues {
  readonly paths: EventPath[] = []
  /** What there is at each path. */
  readonly lists: Scalar[][] = []
  readonly #event: number

  constructor() {
    this.#event = ++EventValues.#events
  }

  static #events = 0

  get size(): number {
    return this.paths.length
  }

  get(path: string): readonly Scalar[] | undefined {
    const known = EventPath.named(path)
    if (known?.event === this.#event) return this.lists[known.place]
    // A later event may have had the path since.
    return this.#isLatest()
      ? undefined
      : this.lists[this.paths.findIndex((one) => one.path === path)]
  }

  add(path: EventPath, value: Scalar): void {
    if (path.event === this.#event) this.lists[path.place]!.push(value)
    else this.put(path, [value])
  }

  /** All there is at a path that had nothing yet. */
  put(path: EventPath, values: Scalar[]): void {
    path.event = this.#event
    path.place = this.paths.length
    this.paths.push(path)
    this.lists.push(values)
  }

  #isLatest(): boolean {
    return this.#event === EventValues.#events
  }
}

export interface FlattenBounds {
  depthMax: number
  valuesMax: number
}

/**
 * An event's scalars by their paths. Lists are looked through: `properties.products.category` has the
 * categories of all products. What lies deeper or behind the bounds is left out, under a path longer than rules
 * may ask for too; so are nulls.
 */
export function eventValues(event: object, bounds: FlattenBounds): EventValues {
  const walk = new Walk(bounds)
  walk.take(event, EventPath.begin(), 0)
  return walk.values
}

class Walk {
  readonly values = new EventValues()
  readonly #depthMax: number
  /** How many more values are taken. */
  #left: number

  constructor({ depthMax, valuesMax }: FlattenBounds) {
    this.#depthMax = depthMax
    this.#left = valuesMax
  }

  take(value: unknown, at: EventPath, depth: number): void {
    if (this.#left <= 0) return
    if (typeof value === 'object' && value !== null) {
      if (depth > this.#depthMax) return
      if (Array.isArray(value)) for (const one of value) this.take(one, at, depth + 1)
      else this.#takeMembers(value as Record<string, unknown>, at, depth + 1)
      return
    }
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return
    this.#left--
    this.values.add(at, value)
  }

  /** What was parsed of JSON inherits nothing that a loop over it would meet. */
  #takeMembers(members: Record<string, unknown>, at: EventPath, depth: number): void {
    for (const name in members) {
      const below = at.below(name)
      if (below) this.take(members[name], below, depth)
    }
  }
}
