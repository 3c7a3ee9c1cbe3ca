import { mergeEdge, removeEdges } from '../../../proto/edge-blob.ts'
import { mergeProfile } from '../../../proto/profile-blob.ts'
import { isSuppressed } from '../../../proto/suppression-mark.ts'
import type { Assignment, Change, Edge, IdRef, UserKey } from '../store.ts'
import { packChange } from './change-codec.ts'
import type { Rewrite } from './swap.ts'

/**
 * What a batch of assignments makes of each profile; those of one key are applied in their order. The
 * places of those that meet a suppression are noted in `refused`.
 */
export function assignRewrites(
  batch: readonly Assignment[],
  today: number,
  refused: Set<number>,
): Rewrite[] {
  const placed = batch.map((assignment, place) => ({ ...assignment, place }))
  return byKey(placed).map(({ key, items }) => ({
    key,
    part: 'profile',
    next: (held) => {
      if (isSuppressed(held, 0, held.length)) {
        for (const { add, place } of items) if (add.length > 0) refused.add(place)
        return undefined
      }
      let blob = held
      for (const { add, remove } of items) blob = mergeProfile(blob, add, remove, today)
      if (sameBytes(held, blob)) return undefined
      return { blob, change: packChange({ what: 'assign', key, ...outcomeOf(items) }) }
    },
  }))
}

/**
 * What a batch of edges makes of the edges at each of their ends. The places of those that meet a
 * suppression at an end are noted in `refused`: the other end has yet to be made good.
 */
export function linkRewrites(
  edges: readonly Edge[],
  today: number,
  refused: Set<number>,
): Rewrite[] {
  const halves = edges.flatMap((edge, place) => [
    { ...halfOf(edge, edge.a, edge.b), place },
    { ...halfOf(edge, edge.b, edge.a), place },
  ])
  return byKey(halves).map(({ key, items }) => ({
    key,
    part: 'edges',
    next: (held) => {
      if (isSuppressed(held, 0, held.length)) {
        for (const { place } of items) refused.add(place)
        return undefined
      }
      let blob = held
      for (const { half } of items) blob = mergeEdge(blob, half, today)
      return edgesRewritten('link', { key, held, blob })
    },
  }))
}

/** What the removal of edges makes of the edges at each of their ends. */
export function unlinkRewrites(
  pairs: readonly { a: Pick<IdRef, 'key'>; b: Pick<IdRef, 'key'>; onlyOf?: number | undefined }[],
  today: number,
): Rewrite[] {
  const halves = pairs.flatMap(({ a, b, onlyOf: owner }) => [
    { key: a.key, other: b.key, owner },
    { key: b.key, other: a.key, owner },
  ])
  return byKey(halves).map(({ key, items }) => ({
    key,
    part: 'edges',
    next: (held) => {
      let blob = held
      for (const { other, owner } of items) blob = removeEdges(blob, other, { today, owner })
      return edgesRewritten('unlink', { key, held, blob })
    },
  }))
}

function halfOf(edge: Edge, at: IdRef, other: IdRef) {
  const { a: _a, b: _b, ...fields } = edge
  return { key: at.key, half: { ...other, ...fields } }
}

function edgesRewritten(
  what: Change['what'],
  { key, held, blob }: { key: UserKey; held: Uint8Array; blob: Uint8Array },
) {
  if (sameBytes(held, blob)) return undefined
  return { blob, change: packChange({ what, key, added: [], removed: [] }) }
}

function byKey<T extends { key: UserKey }>(items: readonly T[]): { key: UserKey; items: T[] }[] {
  const groups = new Map<string, { key: UserKey; items: T[] }>()
  for (const item of items) {
    const name = nameOf(item.key)
    const group = groups.get(name)
    if (group) group.items.push(item)
    else groups.set(name, { key: item.key, items: [item] })
  }
  return [...groups.values()]
}

const keyBytes = 16

function nameOf(key: UserKey): string {
  if (key.length !== keyBytes) throw new RangeError(`a key has ${keyBytes} bytes`)
  return key.toString('latin1')
}

/** What assignments to one key come to: of an add and a remove of one segment the later counts. */
function outcomeOf(items: readonly Assignment[]): { added: number[]; removed: number[] } {
  const added = new Set<number>()
  const removed = new Set<number>()
  for (const { add, remove } of items) {
    for (const { segment } of add) {
      added.add(segment)
      removed.delete(segment)
    }
    for (const segment of remove) {
      removed.add(segment)
      added.delete(segment)
    }
  }
  return { added: [...added], removed: [...removed] }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
