/** A message within a request: where its fields begin and end. Before them stand its length and its tag. */
export interface MessageSpan {
  readonly open: number
  readonly close: number
}

/**
 * Additions to place between the bytes of a request in protobuf; the lengths of the messages around them grow. Kept in
 * order of offset. Reused.
 */
export class MessageEdits {
  /** By how much the request grows. */
  growth = 0
  #count = 0
  readonly #at: number[] = []
  /** How many bytes the edit takes the place of. */
  readonly #gone: number[] = []
  /** Fields to place; where there are none it is a length that is written. */
  readonly #fields: (Uint8Array | undefined)[] = []
  readonly #length: number[] = []

  reset(): void {
    this.growth = 0
    this.#count = 0
  }

  /** Adds fields at the end of `inner`, which lies in `outer`, which lies in `outmost`; without any: of the request. */
  append(
    source: Uint8Array,
    fields: Uint8Array,
    inner?: MessageSpan,
    outer?: MessageSpan,
    outmost?: MessageSpan,
  ): void {
    this.#insert(inner === undefined ? source.length : inner.close, 0, fields, 0)
    this.growth += fields.length
    let more = fields.length
    if (inner !== undefined) more += this.#lengthen(source, inner, more)
    if (outer !== undefined) more += this.#lengthen(source, outer, more)
    if (outmost !== undefined) this.#lengthen(source, outmost, more)
  }

  /** Writes the request with its additions into `out` (long enough: source + `growth`); returns the length. */
  compose(source: Uint8Array, out: Uint8Array): number {
    out.set(source)
    let from = source.length
    let to = from + this.growth
    for (let i = this.#count - 1; i >= 0; i--) {
      const after = this.#at[i]! + this.#gone[i]!
      out.copyWithin(to - (from - after), after, from)
      to -= from - after
      from = this.#at[i]!
      const fields = this.#fields[i]
      const width = fields?.length ?? this.#width(i)
      to -= width
      if (fields === undefined) putVarint(out, to, this.#length[i]!, width)
      else out.set(fields, to)
    }
    return source.length + this.growth
  }

  /** Gives a message that much more room; by how much its length itself grew. */
  #lengthen(source: Uint8Array, { open, close }: MessageSpan, more: number): number {
    const at = lengthAt(source, open)
    const length = close - open + more
    this.#insert(at, open - at, undefined, length)
    const grown = Math.max(0, varintBytes(length) - (open - at))
    this.growth += grown
    return grown
  }

  /** A length that was written longer than need be stays so: nothing ever moves towards the beginning. */
  #width(i: number): number {
    return Math.max(this.#gone[i]!, varintBytes(this.#length[i]!))
  }

  #insert(at: number, gone: number, fields: Uint8Array | undefined, length: number): void {
    let i = this.#count++
    for (; i > 0 && this.#at[i - 1]! > at; i--) {
      this.#at[i] = this.#at[i - 1]!
      this.#gone[i] = this.#gone[i - 1]!
      this.#fields[i] = this.#fields[i - 1]
      this.#length[i] = this.#length[i - 1]!
    }
    this.#at[i] = at
    this.#gone[i] = gone
    this.#fields[i] = fields
    this.#length[i] = length
  }
}

/** Where the length before the fields of a message begins: its last byte is below 0x80, as is that of the tag before it. */
function lengthAt(source: Uint8Array, open: number): number {
  let at = open - 1
  while (source[at - 1]! >= 0x80) at--
  return at
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4
}

function putVarint(out: Uint8Array, at: number, value: number, width: number): void {
  let left = value
  for (let i = at; i < at + width - 1; i++) {
    out[i] = (left & 0x7f) | 0x80
    left >>>= 7
  }
  out[at + width - 1] = left
}
