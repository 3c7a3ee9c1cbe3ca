/** A small seeded source of randomness, so that every random test can be run again from its seed. */
export interface Random {
  /** 0 ≤ x < 1 */
  (): number
  /** A whole number, 0 ≤ x < n. */
  int(n: number): number
  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T
}

/** mulberry32: good enough for tests, and the same everywhere. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (n: number) => Math.floor(next() * n)
  return Object.assign(next, { int, pick: <T>(list: readonly T[]): T => list[int(list.length)]! })
}
