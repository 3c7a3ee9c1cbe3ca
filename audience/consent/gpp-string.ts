import { GPP_CHARS_MAX, GPP_SECTIONS_MAX } from './limits.ts'
import { bitsAt } from './sextets.ts'

const TILDE = 0x7e
const TYPE = 3
const VERSION = 1
const HEAD_BITS = 12
const COUNT_BITS = 12
/** Section ids and their offsets stay far below this; a longer Fibonacci code is no id. */
const FIBONACCI_MAX = 10_000

/**
 * An IAB GPP string: a header that lists section ids, then the sections, joined by `~`. Only places
 * are kept; a section is read by whoever knows its form. One object serves many strings.
 * Source: IAB Tech Lab, Global Privacy Platform, "Consent String Specification".
 */
export class GppString {
  /** How many sections there are. */
  count = 0
  /** Their ids and spans, in the order of the string. */
  readonly ids = new Int32Array(GPP_SECTIONS_MAX)
  readonly starts = new Int32Array(GPP_SECTIONS_MAX)
  readonly ends = new Int32Array(GPP_SECTIONS_MAX)

  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #bit = 0
  #endBit = 0

  /** Takes its place at a string; false where the header cannot be read or does not fit the sections. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.count = 0
    if (end - start > GPP_CHARS_MAX) return false
    const headerEnd = nextTilde(bytes, start, end)
    this.#bytes = bytes
    this.#start = start
    this.#bit = HEAD_BITS
    this.#endBit = (headerEnd - start) * 6
    if (this.#endBit < HEAD_BITS + COUNT_BITS) return false
    if (bitsAt(bytes, start, 0, 6) !== TYPE || bitsAt(bytes, start, 6, 6) !== VERSION) return false
    return this.#readIds() && this.#placeSections(headerEnd, end)
  }

  /** Index of the section with this id; -1 where the string has none. */
  indexOf(id: number): number {
    for (let i = 0; i < this.count; i++) if (this.ids[i] === id) return i
    return -1
  }

  /** Ranges of ids, each given as a Fibonacci-coded distance from the one before. */
  #readIds(): boolean {
    const ranges = this.#bits(COUNT_BITS)
    if (ranges < 0 || ranges > GPP_SECTIONS_MAX) return false
    let id = 0
    for (let i = 0; i < ranges; i++) {
      const isRange = this.#bits(1)
      const first = this.#fibonacci()
      const length = isRange === 1 ? this.#fibonacci() : 0
      if (isRange < 0 || first < 0 || length < 0) return false
      if (this.count + length + 1 > GPP_SECTIONS_MAX) return false
      id += first
      for (const last = id + length; ; id++) {
        this.ids[this.count++] = id
        if (id === last) break
      }
    }
    return true
  }

  #placeSections(headerEnd: number, end: number): boolean {
    let at = headerEnd
    for (let i = 0; i < this.count; i++) {
      if (at === end) return false
      this.starts[i] = at + 1
      at = nextTilde(this.#bytes, at + 1, end)
      this.ends[i] = at
    }
    return at === end
  }

  #bits(count: number): number {
    if (this.#bit + count > this.#endBit) return -1
    this.#bit += count
    return bitsAt(this.#bytes, this.#start, this.#bit - count, count)
  }

  /** Fibonacci code: bit i stands for the i-th Fibonacci number, and 11 ends it; -1 where cut. */
  #fibonacci(): number {
    let value = 0
    let last = 0
    for (let one = 1, next = 2; one < FIBONACCI_MAX; [one, next] = [next, one + next]) {
      const bit = this.#bits(1)
      if (bit < 0) return -1
      if (bit === 1 && last === 1) return value
      if (bit === 1) value += one
      last = bit
    }
    return -1
  }
}

function nextTilde(bytes: Uint8Array, start: number, end: number): number {
  const tilde = bytes.indexOf(TILDE, start)
  return tilde < 0 || tilde > end ? end : tilde
}
