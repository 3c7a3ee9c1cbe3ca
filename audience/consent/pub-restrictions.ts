import { GVL_ID_MAX } from './limits.ts'
import { bitsAt } from './sextets.ts'
import { type RangesText, rangesEnd, rangesHold } from './vendor-ranges.ts'

const COUNT_BITS = 12
/** Purpose (6 bits) and restriction type (2 bits). */
const PURPOSE_BITS = 6
const TYPE_BITS = 2
const HEAD_BITS = PURPOSE_BITS + TYPE_BITS + COUNT_BITS

/** Restriction types as bits of an answer. Type 3 ("undefined, not used") asks for nothing: left out. */
export const Restriction = { notAllowed: 1, requireConsent: 2, requireLI: 4 } as const
const ALL_RESTRICTIONS = 7

/** Publisher restrictions of a TC string: per purpose and type, ranges of vendors. Read in place. */
export class PubRestrictions implements RangesText {
  bytes: Uint8Array = new Uint8Array(0)
  start = 0
  bit = 0
  endBit = 0
  #count = 0
  #firstBit = 0

  /** Takes its place at `bit` of the core segment; the bit after it, or -1 where it cannot be read. */
  read(bytes: Uint8Array, start: number, bit: number, endBit: number): number {
    this.#count = 0
    if (bit + COUNT_BITS > endBit) return -1
    const count = bitsAt(bytes, start, bit, COUNT_BITS)
    if (count < 0) return -1
    this.bytes = bytes
    this.start = start
    this.endBit = endBit
    this.bit = bit + COUNT_BITS
    this.#firstBit = this.bit
    for (let i = 0; i < count; i++) if (!this.#skip()) return -1
    this.#count = count
    return this.bit
  }

  /** Passes one restriction, checking its entries. */
  #skip(): boolean {
    if (this.bit + HEAD_BITS > this.endBit) return false
    const head = bitsAt(this.bytes, this.start, this.bit, PURPOSE_BITS + TYPE_BITS)
    const entries = bitsAt(this.bytes, this.start, this.bit + HEAD_BITS - COUNT_BITS, COUNT_BITS)
    if (head < 0 || entries < 0) return false
    this.bit += HEAD_BITS
    this.bit = rangesEnd(this, entries, GVL_ID_MAX)
    return this.bit >= 0
  }

  /** The restrictions (bits of `Restriction`) of this purpose for this vendor; 0 where there are none. */
  of(purpose: number, vendor: number): number {
    if (this.#count === 0) return 0
    let found = 0
    this.bit = this.#firstBit
    for (let i = 0; i < this.#count; i++) {
      const head = bitsAt(this.bytes, this.start, this.bit, PURPOSE_BITS + TYPE_BITS)
      const entries = bitsAt(this.bytes, this.start, this.bit + HEAD_BITS - COUNT_BITS, COUNT_BITS)
      this.bit += HEAD_BITS
      if (head >> TYPE_BITS === purpose && rangesHold(this, entries, vendor))
        found |= 1 << (head & 3)
      this.bit = rangesEnd(this, entries, GVL_ID_MAX)
    }
    return found & ALL_RESTRICTIONS
  }
}
