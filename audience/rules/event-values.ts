import type { Scalar } from './expression.ts'
import { LIMITS } from './limits.ts'

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
export function eventValues(event: object, { depthMax, valuesMax }: FlattenBounds): EventValues {
  const values = new Map<string, Scalar[]>()
  let count = 0
  const walk = (value: unknown, path: string, depth: number): void => {
    if (count >= valuesMax || path.length > LIMITS.pathCharsMax) return
    if (typeof value === 'object' && value !== null) {
      if (depth > depthMax) return
      if (Array.isArray(value)) for (const one of value) walk(one, path, depth + 1)
      else
        for (const name of Object.keys(value)) {
          const one = (value as Record<string, unknown>)[name]
          walk(one, path === '' ? name : `${path}.${name}`, depth + 1)
        }
      return
    }
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return
    count++
    const known = values.get(path)
    if (known) known.push(value)
    else values.set(path, [value])
  }
  walk(event, '', 0)
  return values
}
