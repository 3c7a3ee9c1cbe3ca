import { bitsAt, SEXTET, sextetsIn } from './sextets.ts'
import { type RangesText, rangesEnd, rangesHold } from './vendor-ranges.ts'

const HEAD_BITS = 17
const COUNT_BITS = 12

/**
 * A set of vendor ids inside a TC string: 16 bits highest id, one bit form, then a bit per vendor or
 * counted ranges. Nothing is copied: it keeps its place, and reads the one bit it is asked for.
 */
export class VendorSet implements RangesText {
  bytes: Uint8Array = new Uint8Array(0)
  /** Offset of the segment's first character. */
  start = 0
  /** First bit of the vendors' bits, or of the entries. */
  bit = 0
  endBit = 0
  maxId = 0
  isRange = false
  entries = 0

  /** An empty set. */
  clear(): void {
    this.maxId = 0
  }

  /** Takes its place at `bit` of the segment; the bit after the set, or -1 where it cannot be read. */
  read(bytes: Uint8Array, start: number, bit: number, endBit: number): number {
    this.maxId = 0
    if (bit + HEAD_BITS > endBit) return -1
    const head = bitsAt(bytes, start, bit, HEAD_BITS)
    if (head < 0) return -1
    this.bytes = bytes
    this.start = start
    this.endBit = endBit
    this.bit = bit + HEAD_BITS
    this.isRange = (head & 1) === 1
    const maxId = head >> 1
    const end = this.isRange ? this.#readEntries(maxId) : this.bit + maxId
    if (end < 0 || end > endBit) return -1
    this.maxId = maxId
    return end
  }

  #readEntries(maxId: number): number {
    if (this.bit + COUNT_BITS > this.endBit) return -1
    this.entries = bitsAt(this.bytes, this.start, this.bit, COUNT_BITS)
    if (this.entries < 0) return -1
    this.bit += COUNT_BITS
    return rangesEnd(this, this.entries, maxId)
  }

  /** Whether the vendor is in the set; a character that is not base64url holds nobody. */
  has(vendor: number): boolean {
    if (vendor > this.maxId || vendor < 1) return false
    if (this.isRange) return rangesHold(this, this.entries, vendor)
    const bit = this.bit + vendor - 1
    const whole = sextetsIn(bit)
    const sextet = SEXTET[this.bytes[this.start + whole]!]!
    return sextet >= 0 && ((sextet >> (5 - bit + whole * 6)) & 1) === 1
  }
}
