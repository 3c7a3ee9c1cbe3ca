import { unpackProfile } from '../../../proto/profile-blob.ts'
import { isSuppressed, markSuppressed } from '../../../proto/suppression-mark.ts'
import type { SuppressionOrder, UserKey } from '../store.ts'
import { packChange } from './change-codec.ts'
import { keepPastMatches, stripEgress } from './egress.ts'
import { unlinkFarEnds } from './forget.ts'
import { LIMITS } from './limits.ts'
import { dropVault } from './redis-vault.ts'
import { StoreUnreachable } from './store-unreachable.ts'
import {
  type Place,
  type Rewrite,
  type Rewritten,
  readRecords,
  rewriteAll,
  swapRecords,
} from './swap.ts'

/**
 * Puts marks under keys: first in place of all memberships, from which moment nobody gets or adds
 * anything; then the far ends of their edges go, and a mark takes the place of the near ones. Cut short,
 * what is left of the edges says what is still to be done.
 */
export async function suppressAll(
  place: Place,
  batch: readonly SuppressionOrder[],
  today: number,
): Promise<void> {
  const orders = distinct(batch)
  await rewriteAll(
    place,
    orders.map((order) => markProfile(order, today)),
  )
  for (let from = 0; from < orders.length; from += LIMITS.swapChunk) {
    let pending = orders.slice(from, from + LIMITS.swapChunk)
    for (let round = 0; pending.length; round++) {
      if (round === LIMITS.swapRoundsMax) throw new StoreUnreachable('contended')
      pending = await unlinkRound(place, pending, today)
    }
  }
  const keys = orders.map(({ key }) => key)
  await rewriteAll(
    place,
    keys.map((key) => ({ key, part: 'history', next: withoutHistory })),
  )
  await dropVault(place, keys)
  await stripEgress(place, keys)
}

function withoutHistory(held: Uint8Array): Rewritten | undefined {
  return held.length > 0 ? { blob: new Uint8Array(0) } : undefined
}

/** An order with every kind that was said of its key in one batch. */
interface Order {
  key: UserKey
  kinds: SuppressionOrder['kind'][]
}

function markProfile({ key, kinds }: Order, today: number): Rewrite {
  return {
    key,
    part: 'profile',
    next: (held) => {
      const blob = kinds.reduce((mark, kind) => markSuppressed(mark, kind, today), held)
      if (Buffer.compare(held, blob) === 0) return undefined
      const removed = unpackProfile(held).map((membership) => membership.segment)
      return { blob, change: packChange({ what: 'suppress', key, added: [], removed }) }
    },
  }
}

/** Answers those at which an edge was linked meanwhile. */
async function unlinkRound(place: Place, orders: Order[], today: number): Promise<Order[]> {
  const held = await readRecords(
    place,
    orders.map(({ key }) => ({ key, part: 'edges' })),
  )
  const open = orders.flatMap(({ key, kinds }, i) => {
    const edges = held[i]!
    return isSuppressed(edges, 0, edges.length) ? [] : [{ key, kinds, edges }]
  })
  const keys = open.map(({ key }) => key)
  const edges = open.map((one) => one.edges)
  await keepPastMatches(place, keys, { edges, today })
  await unlinkFarEnds(place, keys, { edges, today })
  const swaps = open.map(({ key, kinds, edges }) => {
    const blob = markSuppressed(edges, kinds[0]!, today)
    return { key, part: 'edges' as const, held: edges, blob }
  })
  const lost = await swapRecords(place, swaps)
  return lost.map((i) => open[i]!)
}

function distinct(batch: readonly SuppressionOrder[]): Order[] {
  const orders = new Map<string, Order>()
  for (const { key, kind } of batch) {
    const name = key.toString('latin1')
    const known = orders.get(name)
    if (known) known.kinds.push(kind)
    else orders.set(name, { key, kinds: [kind] })
  }
  return [...orders.values()]
}
