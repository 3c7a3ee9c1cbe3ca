/** Unsigned LEB128 numbers up to 2^32 - 1, the building stones of the packed blobs. */

/** Appends a number to a growing list of bytes. */
export function writeVarint(into: number[], value: number): void {
  let left = value >>> 0
  while (left > 0x7f) {
    into.push((left & 0x7f) | 0x80)
    left >>>= 7
  }
  into.push(left)
}

/** Reads numbers one after the other, never beyond `end`; what is cut off or too long sets `failed`. Reused. */
export class VarintReader {
  at = 0
  end = 0
  failed = false
  bytes: Uint8Array = new Uint8Array(0)

  begin(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes
    this.at = at
    this.end = Math.min(end, bytes.length)
    this.failed = false
  }

  /** The next number; 0, and `failed`, where there is none. */
  next(): number {
    const { bytes, end } = this
    const at = this.at
    // Nearly all are of one byte.
    if (at < end && bytes[at]! < 0x80) {
      this.at = at + 1
      return bytes[at]!
    }
    let value = 0
    for (let shift = 0; shift < 35 && this.at < end; shift += 7) {
      const byte = bytes[this.at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    this.failed = true
    return 0
  }

  /** Steps over some bytes. */
  skip(count: number): void {
    this.at += count
    if (this.at > this.end) this.failed = true
  }
}
