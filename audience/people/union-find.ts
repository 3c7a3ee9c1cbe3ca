/** Sets of the numbers below `count` that are joined two by two. */
export class UnionFind {
  readonly #root: number[]

  constructor(count: number) {
    this.#root = Array.from({ length: count }, (_, i) => i)
  }

  /** The number that stands for the set of one. */
  rootOf(one: number): number {
    let at = one
    while (this.#root[at] !== at) at = this.#root[at] = this.#root[this.#root[at]!]!
    return at
  }

  /** Joins two sets; the first's number stands for both. */
  join(one: number, other: number): void {
    this.#root[this.rootOf(other)] = this.rootOf(one)
  }
}
