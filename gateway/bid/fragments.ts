import type { Data } from 'iab-openrtb/v26'
import type { BuyerView, DataGroup } from '../../exchange/buyer-view.ts'
import { dataOrder } from '../../exchange/data-order.ts'
import { BID_LIMITS } from './limits.ts'
import type { Selection } from './selection.ts'

/** `user.data[]` objects of one set of segments, ready to be placed into a JSON request. */
export interface DataFragment {
  /** `{…},{…}`: to follow what is already in `data`. Empty when there is nothing to write. */
  readonly objects: Buffer
  /** `"data":[…]`: where `user` has none. */
  readonly data: Buffer
  /** `"user":{"data":[…]}`: where there is no `user`. */
  readonly user: Buffer
  /** How many segments are written (taxonomy twins not counted twice). */
  readonly segments: number
}

/** Says of one id whether it stands in the request already. */
export type IsThere = (group: DataGroup, id: string) => boolean

/**
 * Fragments by segment set, for one buyer view; a new catalog version makes a new view, and with it
 * a new cache. Two generations: when the young one is full the old one is let go.
 */
export class FragmentCache {
  #view: BuyerView
  #young = new Map<number, Kept>()
  #old = new Map<number, Kept>()

  constructor(view: BuyerView) {
    this.#view = view
  }

  get(selection: Selection): DataFragment {
    const kept = this.#young.get(selection.hash)
    if (kept !== undefined && isSameSet(kept.segments, selection)) return kept.fragment
    return this.#fromOldOrNew(selection)
  }

  #fromOldOrNew(selection: Selection): DataFragment {
    const kept = this.#old.get(selection.hash)
    const fragment =
      kept !== undefined && isSameSet(kept.segments, selection)
        ? kept.fragment
        : makeFragment(this.#view, selection)
    if (this.#young.size >= BID_LIMITS.fragmentsMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    const segments = selection.segments.slice(0, selection.count)
    this.#young.set(selection.hash, { segments, fragment })
    return fragment
  }
}

const caches = new WeakMap<BuyerView, FragmentCache>()
let lastView: BuyerView | undefined
let lastCache: FragmentCache | undefined

/** The fragments of a view: they live and die with it. */
export function fragmentsOf(view: BuyerView): FragmentCache {
  if (view === lastView && lastCache) return lastCache
  let cache = caches.get(view)
  if (!cache) caches.set(view, (cache = new FragmentCache(view)))
  lastView = view
  lastCache = cache
  return cache
}

interface Kept {
  segments: Int32Array
  fragment: DataFragment
}

function isSameSet(kept: Int32Array, selection: Selection): boolean {
  if (kept.length !== selection.count) return false
  for (let i = 0; i < kept.length; i++) if (kept[i] !== selection.segments[i]) return false
  return true
}

/** Writes the Data objects of a selection, leaving out what `isThere` says the request already has. */
export function makeFragment(
  view: BuyerView,
  selection: Selection,
  isThere: IsThere = () => false,
): DataFragment {
  const groups = new Map<DataGroup, Set<string>>()
  let segments = 0
  for (let i = 0; i < selection.count; i++) {
    let isNew = false
    for (const write of view.entitlement(selection.segments[i]!)?.writes ?? []) {
      if (isThere(write.group, write.id)) continue
      const ids = groups.get(write.group) ?? new Set()
      groups.set(write.group, ids.add(write.id))
      isNew = true
    }
    if (isNew) segments++
  }
  const ordered = [...groups].sort(([a], [b]) => dataOrder(a, b))
  const objects = ordered.map(([group, ids]) => dataObject(group, ids)).join(',')
  return {
    objects: Buffer.from(objects),
    data: Buffer.from(`"data":[${objects}]`),
    user: Buffer.from(`"user":{"data":[${objects}]}`),
    segments,
  }
}

/** OpenRTB 2.6 §3.2.21 Data, with `ext.segtax` and `ext.seats` where they apply. */
function dataObject(group: DataGroup, ids: Set<string>): string {
  const ext = {
    ...(group.segtax === undefined ? {} : { segtax: group.segtax }),
    ...(group.seats.length === 0 ? {} : { seats: group.seats }),
  }
  const data: Data = {
    id: group.provider.id,
    name: group.provider.domain,
    segment: [...ids].map((id) => ({ id })),
    ...(Object.keys(ext).length === 0 ? {} : { ext }),
  }
  return JSON.stringify(data)
}
