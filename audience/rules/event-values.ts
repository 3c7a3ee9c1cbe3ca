import { EventPath } from './event-path.ts'
import type { Scalar } from './expression.ts'

/** Values of an event by dotted path. */
export type EventValues = ReadonlyMap<string, readonly Scalar[]>

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
  walk.take(event, EventPath.root, 0)
  return walk.values
}

class Walk {
  readonly values = new Map<string, Scalar[]>()
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
    const known = this.values.get(at.path)
    if (known) known.push(value)
    else this.values.set(at.path, [value])
  }

  #takeMembers(members: Record<string, unknown>, at: EventPath, depth: number): void {
    for (const name of Object.keys(members)) {
      const below = at.below(name)
      if (below) this.take(members[name], below, depth)
    }
  }
}
