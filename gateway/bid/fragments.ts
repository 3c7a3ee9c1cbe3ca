import type { BuyerView } from '../../exchange/buyer-view.ts'
import type { TokenMint } from '../../exchange/usage/token-mint.ts'
import { BID_LIMITS } from './limits.ts'
import { type DataFragment, makeFragment } from './make-fragment.ts'
import type { Selection } from './selection.ts'

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

  get(selection: Selection, mint: TokenMint | undefined): DataFragment {
    const kept = this.#young.get(selection.hash)
    if (kept !== undefined && isSameSet(kept.segments, selection)) return kept.fragment
    return this.#fromOldOrNew(selection, mint)
  }

  #fromOldOrNew(selection: Selection, mint: TokenMint | undefined): DataFragment {
    const kept = this.#old.get(selection.hash)
    const fragment =
      kept !== undefined && isSameSet(kept.segments, selection)
        ? kept.fragment
        : makeFragment(this.#view, selection, { mint })
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
let hadTokens = false

/** The fragments of a view: they live and die with it. Those for answers without tokens are others. */
export function fragmentsOf(view: BuyerView, hasTokens: boolean): FragmentCache {
  if (view === lastView && hasTokens === hadTokens && lastCache) return lastCache
  const cache = cacheIn(hasTokens ? caches : tokenless, view)
  lastView = view
  hadTokens = hasTokens
  lastCache = cache
  return cache
}

const tokenless = new WeakMap<BuyerView, FragmentCache>()

function cacheIn(kept: WeakMap<BuyerView, FragmentCache>, view: BuyerView): FragmentCache {
  let cache = kept.get(view)
  if (!cache) kept.set(view, (cache = new FragmentCache(view)))
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
