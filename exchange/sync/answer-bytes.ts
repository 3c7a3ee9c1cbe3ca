/** Bytes of UTF-8 that a character of a string comes to at most. */
const BYTES_PER_CHAR_MAX = 3
const BYTES_FIRST = 32_768
/** Left free before an answer, for a door to write its head into: two cookies that remember all they may, and more. */
const HEAD_BYTES = 4_096

const NO_BYTES = new Uint8Array(0)

export interface Over {
  bytes: Uint8Array
  /** Bytes for each place. */
  count: number
}

/**
 * An answer put together as bytes: joined of strings, its hundreds of pieces would be laid out one behind the other
 * twice before they are bytes. One serves many answers, one after another.
 */
export class AnswerBytes {
  #bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_FIRST)
  #view = viewOf(this.#bytes)
  /** What was last written over something, mostly the same memory with other states in it. */
  #overBytes: Uint8Array = NO_BYTES
  #over = viewOf(NO_BYTES)
  #end = HEAD_BYTES

  begin(): this {
    this.#end = HEAD_BYTES
    return this
  }

  /** In UTF-8. */
  text(text: string): this {
    this.#makeRoom(text.length * BYTES_PER_CHAR_MAX)
    this.#end += this.#bytes.write(text, this.#end)
    return this
  }

  /** The same of text that has no other characters. */
  ascii(text: string): this {
    this.#makeRoom(text.length)
    this.#end += this.#bytes.write(text, this.#end, 'latin1')
    return this
  }

  /** The bytes as they are; where they begin now. */
  put(bytes: Uint8Array): number {
    const at = this.#end
    this.#makeRoom(bytes.length)
    this.#bytes.set(bytes, at)
    this.#end += bytes.length
    return at
  }

  /** A few of some bytes: for so few, what takes a part of them first costs more than the rest. */
  putPart(bytes: Uint8Array, from: number, count: number): void {
    this.#makeRoom(count)
    const [into, end] = [this.#bytes, this.#end]
    for (let i = 0; i < count; i++) into[end + i] = bytes[from + i]!
    this.#end += count
  }

  /**
   * Writes `count` bytes, a multiple of four, over what stands at some places. `places`: where, and from where in `bytes`,
   * by turns; `start` is added to the first of the two.
   */
  putOver(start: number, places: readonly number[], { bytes, count }: Over): void {
    const into = this.#view
    if (this.#overBytes !== bytes) {
      this.#overBytes = bytes
      this.#over = viewOf(bytes)
    }
    const from = this.#over
    for (let i = 0; i < places.length; i += 2) {
      const [at, read] = [start + places[i]!, places[i + 1]!]
      for (let k = 0; k < count; k += 4) into.setUint32(at + k, from.getUint32(read + k))
    }
  }

  /** What is there, until the next answer begins. */
  written(): Uint8Array {
    return this.#bytes.subarray(HEAD_BYTES, this.#end)
  }

  /** The same from `from` on, behind room for a head. */
  withRoom(): { bytes: Buffer; from: number } {
    return { bytes: this.#bytes.subarray(0, this.#end), from: HEAD_BYTES }
  }

  /** Somebody reads on in what was written: the next answer begins elsewhere. */
  leave(): void {
    this.#take(Buffer.allocUnsafeSlow(BYTES_FIRST))
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return
    const wider = Buffer.allocUnsafeSlow(2 * (this.#end + bytes))
    this.#bytes.copy(wider, 0, 0, this.#end)
    this.#take(wider)
  }

  #take(bytes: Buffer): void {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length)
}
