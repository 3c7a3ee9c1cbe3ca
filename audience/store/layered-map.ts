/** Stands in a layer where the base has an entry that is no more. */
const GONE = Symbol('gone')

/** A layer may grow to this share of its base, and to this many entries at least. */
const LAYER_SHARE = 1 / 8
const LAYER_MIN = 64

/**
 * An immutable map that is cheap to change: a large base that many versions share, under a layer of
 * what changed since. A version costs its changes and a copy of the layer; a layer that has grown too
 * large becomes one with its base.
 */
export class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  readonly size: number
  readonly #base: ReadonlyMap<K, V>
  readonly #layer: ReadonlyMap<K, V | typeof GONE>

  private constructor(
    base: ReadonlyMap<K, V>,
    layer: ReadonlyMap<K, V | typeof GONE>,
    size: number,
  ) {
    this.#base = base
    this.#layer = layer
    this.size = size
  }

  static empty<K, V>(): LayeredMap<K, V> {
    return new LayeredMap<K, V>(new Map(), new Map(), 0)
  }

  /** A new version with these entries put, or taken away where the value is undefined. */
  with(changes: Iterable<readonly [K, V | undefined]>): LayeredMap<K, V> {
    const layer = new Map(this.#layer)
    let size = this.size
    for (const [key, value] of changes) {
      const known = layer.get(key) ?? this.#base.get(key)
      const was = known !== undefined && known !== GONE ? 1 : 0
      if (value !== undefined) layer.set(key, value)
      else if (this.#base.has(key)) layer.set(key, GONE)
      else layer.delete(key)
      size += (value === undefined ? 0 : 1) - was
    }
    const next = new LayeredMap(this.#base, layer, size)
    return layer.size > Math.max(LAYER_MIN, this.#base.size * LAYER_SHARE) ? next.#merged() : next
  }

  get(key: K): V | undefined {
    const over = this.#layer.get(key)
    if (over === undefined) return this.#base.get(key)
    return over === GONE ? undefined : over
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  /**
   * What differs in a later version: the key, and the value here and there, undefined where it is
   * absent. As long as both stand on the same base, only their layers are looked at.
   */
  *differences(after: LayeredMap<K, V>): Iterable<[K, V | undefined, V | undefined]> {
    const isNear = this.#base === after.#base
    const [mine, theirs] = isNear ? [this.#layer, after.#layer] : [this, after]
    for (const key of theirs.keys()) {
      const [was, is] = [this.get(key), after.get(key)]
      if (was !== is) yield [key, was, is]
    }
    for (const key of mine.keys()) {
      if (theirs.has(key)) continue
      const [was, is] = [this.get(key), after.get(key)]
      if (was !== is) yield [key, was, is]
    }
  }

  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.#base) {
      const over = this.#layer.get(key)
      if (over === undefined) yield [key, value]
      else if (over !== GONE) yield [key, over]
    }
    for (const [key, over] of this.#layer)
      if (over !== GONE && !this.#base.has(key)) yield [key, over]
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this)
  }

  #merged(): LayeredMap<K, V> {
    const { size } = this
    // Over an empty base nothing in the layer stands for something that is gone.
    if (this.#base.size === 0)
      return new LayeredMap(this.#layer as ReadonlyMap<K, V>, new Map(), size)
    const base = new Map(this.#base)
    for (const [key, over] of this.#layer)
      if (over === GONE) base.delete(key)
      else base.set(key, over)
    return new LayeredMap(base, new Map(), size)
  }
}
