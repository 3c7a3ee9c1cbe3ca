import { unpackEdges } from '../../../proto/edge-blob.ts'
import { unpackProfile } from '../../../proto/profile-blob.ts'
import { isSuppressed } from '../../../proto/suppression-mark.ts'
import type { UserKey } from '../store.ts'
import { packChange } from './change-codec.ts'
import { LIMITS } from './limits.ts'
import { dropVault } from './redis-vault.ts'
import { unlinkRewrites } from './rewrites.ts'
import { StoreUnreachable } from './store-unreachable.ts'
import { type Place, readRecords, rewriteAll, type Swap, swapRecords } from './swap.ts'

/**
 * Removes all that is kept under the keys. The far ends of their edges go first: when this is cut
 * short, the near ends still say what is left to do. An edge that is linked meanwhile is found in
 * the next round, since its near end is no longer what was read.
 */
export async function forgetAll(
  place: Place,
  keys: readonly UserKey[],
  today: number,
): Promise<void> {
  for (let from = 0; from < keys.length; from += LIMITS.swapChunk) {
    let pending = distinct(keys.slice(from, from + LIMITS.swapChunk))
    for (let round = 0; pending.length; round++) {
      if (round === LIMITS.swapRoundsMax) throw new StoreUnreachable('contended')
      pending = await forgetRound(place, pending, today)
    }
    await dropVault(place, distinct(keys.slice(from, from + LIMITS.swapChunk)))
  }
}

/** Answers the keys at which something was changed meanwhile. */
async function forgetRound(place: Place, keys: UserKey[], today: number): Promise<UserKey[]> {
  const edges = await readRecords(
    place,
    keys.map((key) => ({ key, part: 'edges' })),
  )
  await unlinkFarEnds(place, keys, { edges, today })
  const profiles = await readRecords(
    place,
    keys.map((key) => ({ key, part: 'profile' })),
  )
  const histories = await readRecords(
    place,
    keys.map((key) => ({ key, part: 'history' })),
  )
  const swaps = keys.flatMap((key, i) => [
    ...historyRemoval(key, histories[i]!),
    ...removals(key, profiles[i]!, edges[i]!),
  ])
  const lost = await swapRecords(place, swaps)
  return distinct(lost.map((i) => swaps[i]!.key))
}

export async function unlinkFarEnds(
  place: Place,
  keys: UserKey[],
  { edges, today }: { edges: Uint8Array[]; today: number },
): Promise<void> {
  const near = new Set(keys.map((key) => key.toString('latin1')))
  const pairs = keys.flatMap((key, i) =>
    unpackEdges(edges[i]!).map((edge) => ({ a: { key }, b: { key: Buffer.from(edge.key) } })),
  )
  const rewrites = unlinkRewrites(pairs, today)
  await rewriteAll(
    place,
    rewrites.filter(({ key }) => !near.has(key.toString('latin1'))),
  )
}

/** Both records of a key, with one log entry between them. A suppression stays. */
function removals(key: UserKey, profile: Uint8Array, edges: Uint8Array): Swap[] {
  if (isSuppressed(profile, 0, profile.length)) return []
  const removed = unpackProfile(profile).map((membership) => membership.segment)
  const change = packChange({ what: 'forget', key, added: [], removed })
  const none = new Uint8Array(0)
  const swaps: Swap[] = []
  if (profile.length) swaps.push({ key, part: 'profile', held: profile, blob: none, change })
  if (edges.length) {
    const own = profile.length ? {} : { change }
    swaps.push({ key, part: 'edges', held: edges, blob: none, ...own })
  }
  return swaps
}

/** Its turn of the wheel stays: whoever looks then finds nobody. */
export function historyRemoval(key: UserKey, held: Uint8Array): Swap[] {
  return held.length ? [{ key, part: 'history', held, blob: new Uint8Array(0) }] : []
}

function distinct(keys: readonly UserKey[]): UserKey[] {
  return [...new Map(keys.map((key) => [key.toString('latin1'), key])).values()]
}
