import type { LayeredMap } from '../audience/store/layered-map.ts'

/** Items under keys; immutable, and cheap to change where few groups do. */
export type Groups<K, T> = LayeredMap<K, readonly T[]>

/** What left and what came between two versions of a catalog. */
export interface Changes<T> {
  readonly gone: readonly T[]
  readonly come: readonly T[]
}

/** The groups after a change; `keysOf` names the groups an item stands in. New items stand last. */
export function regroup<K, T>(
  groups: Groups<K, T>,
  { gone, come }: Changes<T>,
  keysOf: (item: T) => Iterable<K>,
): Groups<K, T> {
  const changed = new Map<K, { gone: Set<T>; come: T[] }>()
  const at = (key: K) => {
    let group = changed.get(key)
    if (!group) changed.set(key, (group = { gone: new Set(), come: [] }))
    return group
  }
  for (const item of gone) for (const key of keysOf(item)) at(key).gone.add(item)
  for (const item of come) for (const key of keysOf(item)) at(key).come.push(item)
  const next: [K, readonly T[] | undefined][] = []
  for (const [key, group] of changed) {
    const items = replaced(groups.get(key) ?? [], group)
    next.push([key, items.length > 0 ? items : undefined])
  }
  return groups.with(next)
}

/** A list without what left and with what came. */
export function replaced<T>(
  list: readonly T[],
  { gone, come }: { gone: ReadonlySet<T>; come: readonly T[] },
): readonly T[] {
  if (list.length === 0) return come
  return gone.size === 0 ? [...list, ...come] : [...list.filter((one) => !gone.has(one)), ...come]
}

/** How many items have each name, after a change; '' is none. */
export function tally<T>(
  before: ReadonlyMap<string, number>,
  { gone, come }: Changes<T>,
  nameOf: (item: T) => string,
): ReadonlyMap<string, number> {
  const counts = new Map(before)
  const count = (name: string, by: number) => {
    if (name !== '') counts.set(name, (counts.get(name) ?? 0) + by)
  }
  for (const item of gone) count(nameOf(item), -1)
  for (const item of come) count(nameOf(item), +1)
  for (const [name, items] of counts) if (items === 0) counts.delete(name)
  return counts
}
