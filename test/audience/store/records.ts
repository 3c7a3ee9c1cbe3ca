import type {
  Assignment,
  Edge,
  IdRef,
  PersonRecord,
  UserKey,
} from '../../../audience/store/store.ts'
import { type PackedEdge, unpackEdges } from '../../../proto/edge-blob.ts'
import { unpackProfile } from '../../../proto/profile-blob.ts'
import { keyOf } from './torrent.ts'

/** An assignment in short: pairs of segment and expiry day, and segments to remove. */
export function add(key: UserKey, adds: [number, number][], remove: number[] = []): Assignment {
  return { key, add: adds.map(([segment, expiryDay]) => ({ segment, expiryDay })), remove }
}

/** A match between two ids called `a` and `b`. */
export function edge(a: string, b: string, more: Partial<Edge> = {}): Edge {
  const days = { firstSeenDay: 20_000, lastSeenDay: 20_001, expiryDay: 60_000 }
  return { a: idOf(a), b: idOf(b), owner: 0, method: 2, ...days, ...more }
}

export function idOf(name: string): IdRef {
  return { key: keyOf(name), namespace: name.length, value: name }
}

/** Segment → expiry day; empty for a stranger. */
export function membershipsIn(record: PersonRecord | undefined): Record<number, number> {
  const held = record ? unpackProfile(record.profile) : []
  return Object.fromEntries(held.map(({ segment, expiryDay }) => [segment, expiryDay]))
}

export function edgesIn(record: PersonRecord | undefined): PackedEdge[] {
  return record ? unpackEdges(record.edges) : []
}

/** All keys of a walk, in hex. */
export async function collect(walk: AsyncIterable<UserKey[]>): Promise<string[]> {
  const found: string[] = []
  for await (const batch of walk) found.push(...batch.map((key) => key.toString('hex')))
  return found
}
