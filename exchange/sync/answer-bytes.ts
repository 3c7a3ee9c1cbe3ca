/** Bytes of UTF-8 that a character of a string comes to at most. */
const BYTES_PER_CHAR_MAX = 3
const BYTES_FIRST = 32_768

/**
 * An answer put together as bytes: joined of strings, its hundreds of pieces would be laid out one behind the other
 * twice before they are bytes. One serves many answers, one after another.
 */
export class AnswerBytes {
  #bytes = Buffer.allocUnsafeSlow(BYTES_FIRST)
  #end = 0

  begin(): this {
    this.#end = 0
    return this
  }

  /** In UTF-8. */
  text(text: string): this {
    this.#makeRoom(text.length * BYTES_PER_CHAR_MAX)
    this.#end += this.#bytes.write(text, this.#end)
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

  /** Writes `count` bytes over what stands at a place. */
  putOver(at: number, bytes: Uint8Array, { from, count }: { from: number; count: number }): void {
    const into = this.#bytes
    for (let i = 0; i < count; i++) into[at + i] = bytes[from + i]!
  }

  /** What is there, until the next answer begins. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#end)
  }

  /** Somebody reads on in what was written: the next answer begins elsewhere. */
  leave(): void {
    this.#bytes = Buffer.allocUnsafeSlow(BYTES_FIRST)
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return
    const wider = Buffer.allocUnsafeSlow(2 * (this.#end + bytes))
    this.#bytes.copy(wider, 0, 0, this.#end)
    this.#bytes = wider
  }
}
