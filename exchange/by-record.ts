import type { CatalogRecord } from '../audience/store/store.ts'

/**
 * Remembers what was made of a catalog record for as long as the record lives. Snapshots share the
 * records that did not change, so a new snapshot costs the changed ones only.
 */
export function byRecord<T>(make: (record: CatalogRecord) => T): (record: CatalogRecord) => T {
  const made = new WeakMap<CatalogRecord, { value: T }>()
  return (record) => {
    const known = made.get(record)
    if (known) return known.value
    const value = make(record)
    made.set(record, { value })
    return value
  }
}

/** One part of the compiled catalog and what it was made of; kept while its sources are the same. */
export interface Part<T> {
  readonly sources: readonly unknown[]
  readonly value: T
}

export function part<T>(
  previous: Part<T> | undefined,
  sources: readonly unknown[],
  make: (previous: T | undefined) => T,
): Part<T> {
  if (previous?.sources.every((source, i) => source === sources[i])) return previous
  return { sources, value: make(previous?.value) }
}
