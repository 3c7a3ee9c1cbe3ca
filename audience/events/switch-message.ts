import { createHmac } from 'node:crypto'
import { EventValues } from '../rules/event-values.ts'
import type { Scalar } from '../rules/expression.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { PropertySwitch } from './source.ts'
import { PRIVATE_PREFIX } from './tracking-plan.ts'

/** A source's switches, by path. */
export type Switches = ReadonlyMap<string, PropertySwitch>

export interface SwitchOptions {
  switches: Switches
  /** Keys the hashes of switched properties. */
  hashKey: Buffer
}

/** Flattened values as the switches leave them. */
export function switchValues(
  values: EventValues,
  switches: Switches,
  hashKey: Buffer,
): EventValues {
  if (switches.size === 0) return values
  const kept = new EventValues()
  for (const [i, path] of values.paths.entries()) {
    const how = switchOf(path.path, switches)
    if (how === 'drop') continue
    const all = values.lists[i]!
    kept.put(path, how === 'hash' ? all.map((value) => hashed(value, hashKey)) : all)
  }
  return kept
}

/**
 * A copy of a message as the switches leave it. Lists are looked through, as they are by traits; what lies deeper than
 * EVENT_LIMITS.depthMax goes.
 */
export function switchMessage(message: object, options: SwitchOptions): Record<string, unknown> {
  return copy(message, '', { ...options, depth: 0 }) as Record<string, unknown>
}

/** A copy without properties that are stored nowhere, at any depth. */
export function withoutPrivate(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutPrivate)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !name.startsWith(PRIVATE_PREFIX))
      .map(([name, one]) => [name, withoutPrivate(one)]),
  )
}

function copy(value: unknown, path: string, at: SwitchOptions & { depth: number }): unknown {
  if (typeof value !== 'object' || value === null) {
    if (value === null || value === undefined || switchOf(path, at.switches) !== 'hash')
      return value
    return hashed(value as Scalar, at.hashKey)
  }
  if (at.depth > EVENT_LIMITS.depthMax) return undefined
  const inside = { ...at, depth: at.depth + 1 }
  if (Array.isArray(value)) return value.map((one) => copy(one, path, inside))
  const fields: [string, unknown][] = []
  for (const [name, one] of Object.entries(value)) {
    const below = path === '' ? name : `${path}.${name}`
    if (switchOf(below, at.switches) !== 'drop') fields.push([name, copy(one, below, inside)])
  }
  return Object.fromEntries(fields)
}

/** Its own switch, else that of what it is in. */
export function switchOf(path: string, switches: Switches): PropertySwitch {
  if (switches.size === 0) return 'keep'
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const found = switches.get(path.slice(0, end))
    if (found) return found
  }
  return 'keep'
}

export function hashed(value: Scalar, key: Buffer): string {
  return createHmac('sha256', key).update(String(value)).digest('hex')
}
