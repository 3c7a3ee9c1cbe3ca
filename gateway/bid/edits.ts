/** Additions to place between the bytes of a request: kept in order of offset. Reused. */
export class Edits {
  count = 0
  /** Sum of all pieces and commas. */
  bytes = 0
  readonly #offset: number[] = []
  readonly #comma: boolean[] = []
  readonly #piece: Uint8Array[] = []

  reset(): void {
    this.count = 0
    this.bytes = 0
  }

  /** Places `piece` before the byte at `offset`, after a comma where `comma` says so. */
  add(offset: number, comma: boolean, piece: Uint8Array): void {
    let i = this.count++
    for (; i > 0 && this.#offset[i - 1]! > offset; i--) {
      this.#offset[i] = this.#offset[i - 1]!
      this.#comma[i] = this.#comma[i - 1]!
      this.#piece[i] = this.#piece[i - 1]!
    }
    this.#offset[i] = offset
    this.#comma[i] = comma
    this.#piece[i] = piece
    this.bytes += piece.length + (comma ? 1 : 0)
  }

  /**
   * Writes the request with its additions into `out` (long enough: source + `bytes`); returns the length.
   * The source is copied whole and its parts are moved apart, the last first: `copyWithin` makes no
   * view, of which each would cost more than what it moves.
   */
  compose(source: Uint8Array, out: Uint8Array): number {
    out.set(source)
    let from = source.length
    let to = from + this.bytes
    for (let i = this.count - 1; i >= 0; i--) {
      const offset = this.#offset[i]!
      out.copyWithin(to - (from - offset), offset, from)
      to -= from - offset
      from = offset
      const piece = this.#piece[i]!
      to -= piece.length
      out.set(piece, to)
      if (this.#comma[i]) out[--to] = 0x2c
    }
    return source.length + this.bytes
  }
}
