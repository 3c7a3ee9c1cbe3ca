import { bitsAt } from './sextets.ts'

/**
 * Vendor ranges of a TC string, after their count: each entry one bit, a first id of 16 bits and,
 * where the bit is set, a last id of 16 bits (IAB TCF, "Consent string and vendor list formats v2").
 */

const SINGLE_BITS = 17
const RANGE_BITS = 33

/** Bit after `count` entries; -1 where they are cut, or name ids that are 0, falling or over `maxId`. */
export function rangesEnd(text: RangesText, count: number, maxId: number): number {
  let bit = text.bit
  for (let i = 0; i < count; i++) {
    if (bit + SINGLE_BITS > text.endBit) return -1
    const entry = bitsAt(text.bytes, text.start, bit, SINGLE_BITS)
    if (entry < 0) return -1
    const first = entry & 0xffff
    let last = first
    if (entry >> 16) {
      if (bit + RANGE_BITS > text.endBit) return -1
      last = bitsAt(text.bytes, text.start, bit + SINGLE_BITS, 16)
    }
    if (first === 0 || last < first || last > maxId) return -1
    bit += entry >> 16 ? RANGE_BITS : SINGLE_BITS
  }
  return bit
}

/** Whether one of `count` entries, already found sound by `rangesEnd`, holds the vendor. */
export function rangesHold(text: RangesText, count: number, vendor: number): boolean {
  let bit = text.bit
  for (let i = 0; i < count; i++) {
    const entry = bitsAt(text.bytes, text.start, bit, SINGLE_BITS)
    const first = entry & 0xffff
    if (entry >> 16 === 0) {
      if (first === vendor) return true
      bit += SINGLE_BITS
    } else {
      if (first <= vendor && vendor <= bitsAt(text.bytes, text.start, bit + SINGLE_BITS, 16))
        return true
      bit += RANGE_BITS
    }
  }
  return false
}

/** Where entries stand: the segment's text, the bit they begin at, and the bit the segment ends at. */
export interface RangesText {
  readonly bytes: Uint8Array
  readonly start: number
  readonly bit: number
  readonly endBit: number
}
