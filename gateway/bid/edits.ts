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

  /** Writes the request with its additions into `out` (long enough: source + `bytes`); returns the length. */
  compose(source: Uint8Array, out: Uint8Array): number {
    let from = 0
    let to = 0
    for (let i = 0; i < this.count; i++) {
      const offset = this.#offset[i]!
      out.set(source.subarray(from, offset), to)
      to += offset - from
      from = offset
      if (this.#comma[i]) out[to++] = 0x2c
      const piece = this.#piece[i]!
      out.set(piece, to)
      to += piece.length
    }
    out.set(source.subarray(from), to)
    return to + source.length - from
  }
}
