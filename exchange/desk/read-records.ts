import type { CatalogRecord } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import { type DeskDeps, notFound, type Shown, snapshotOf } from './desk.ts'

export interface PageOptions {
  /** Items on the page; default LIMITS.pageDefault, at most LIMITS.pageMax. */
  limit?: number
  /** The last id of the page before. */
  after?: string
}

export interface Page<T> {
  items: T[]
  /** What to ask `after` for the next page; null on the last. */
  next: string | null
}

/** How one kind is read. */
export interface Reading<R, T> {
  kind: string
  /** Whether the caller may know of it. */
  visible(record: R, id: string): boolean
  /** The record as the desk shows it. */
  show(id: string, record: R): T
}

/** One object; `not_found` where it is not there or not the caller's to see. */
export function readRecord<R, T>(deps: DeskDeps, id: string, reading: Reading<R, T>): Shown<T> {
  const record = snapshotOf(deps).kind(reading.kind).get(id)
  if (!record || !reading.visible(record.value as R, id)) throw notFound()
  return { value: reading.show(id, record.value as R), version: record.version }
}

/** A page of objects in the order of their ids. */
export function listRecords<R, T>(
  deps: DeskDeps,
  { limit = LIMITS.pageDefault, after = '' }: PageOptions,
  reading: Reading<R, T>,
): Page<T> {
  const size = Math.max(1, Math.min(limit, LIMITS.pageMax))
  const found: CatalogRecord[] = []
  for (const record of snapshotOf(deps).kind(reading.kind).values())
    if (record.id > after && reading.visible(record.value as R, record.id)) found.push(record)
  found.sort((a, b) => (a.id < b.id ? -1 : 1))
  const page = found.slice(0, size)
  const more = found.length > size
  return {
    items: page.map((record) => reading.show(record.id, record.value as R)),
    next: more ? page.at(-1)!.id : null,
  }
}
