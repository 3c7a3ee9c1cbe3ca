/** How a field stands on the wire. Groups (3 and 4) are taken by nobody here. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

const FIELD_MAX = 2 ** 29 - 1
const VARINT_BYTES_MAX = 10
/** A tag is a number of 32 bits. */
const TAG_BYTES_MAX = 5

/**
 * Walks over the fields of one message of protobuf, in place, keeping none of them. What is cut off or bent sets
 * `failed`: a varint that does not end, a length beyond the message, field 0 or above 2^29 - 1, a group, an unknown
 * wire type. Reused: a message within another needs a reader of its own.
 */
export class MessageReader {
  bytes: Uint8Array = new Uint8Array(0)
  failed = false
  /** The field `next` came to: its number and its WireType. */
  field = 0
  type = 0
  /** Its value: the varint, or what stands between its length and its end. */
  start = 0
  stop = 0
  #at = 0
  #end = 0

  begin(bytes: Uint8Array, at: number, end: number): void {
    this.bytes = bytes
    this.failed = false
    this.#at = at
    this.#end = end
  }

  /** Goes to the next field; false where there is none, or `failed`. */
  next(): boolean {
    const at = this.#at
    if (at >= this.#end) return false
    const { bytes } = this
    const first = bytes[at]!
    if (first < 0x80 && (first & 7) === WireType.bytes && first > 7 && at + 1 < this.#end) {
      const length = bytes[at + 1]!
      if (length < 0x80) {
        // Most by far: a short text, or a short message.
        this.field = first >> 3
        this.type = WireType.bytes
        this.start = at + 2
        this.stop = this.#at = at + 2 + length
        this.failed ||= this.stop > this.#end
        return !this.failed
      }
    }
    if (first < 0x80) {
      // Nearly all are of one byte.
      this.#at++
      this.field = first >> 3
      this.type = first & 7
    } else this.#longTag()
    if (this.field === 0) this.failed = true
    if (this.failed) return false
    this.#value()
    return !this.failed
  }

  #longTag(): void {
    const tag = this.#number(TAG_BYTES_MAX)
    this.field = Math.floor(tag / 8)
    this.type = tag % 8
    if (this.field > FIELD_MAX) this.failed = true
  }

  #value(): void {
    const { type } = this
    let length = type === WireType.fixed64 ? 8 : type === WireType.fixed32 ? 4 : -1
    if (type === WireType.bytes) length = this.#number(TAG_BYTES_MAX)
    this.start = this.#at
    if (type === WireType.varint) this.#number(VARINT_BYTES_MAX)
    else if (length < 0) this.failed = true
    else this.#at += length
    this.stop = this.#at
    if (this.#at > this.#end) this.failed = true
  }

  /** Steps over a varint of so many bytes at most; what it says, as far as a number can. */
  #number(bytesMax: number): number {
    const { bytes } = this
    const end = Math.min(this.#end, this.#at + bytesMax)
    if (this.#at < end && bytes[this.#at]! < 0x80) return bytes[this.#at++]!
    let value = 0
    for (let scale = 1; this.#at < end; scale *= 128) {
      const byte = bytes[this.#at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    this.failed = true
    return 0
  }
}

/** The varint at `at` as protobuf reads an int32: its lowest 32 bits, with their sign. */
export function int32At(bytes: Uint8Array, at: number): number {
  let value = 0
  for (let shift = 0, i = at; ; shift += 7, i++) {
    const byte = bytes[i]!
    if (shift < 32) value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
}

/** As it reads a bool: anything but zero is true. */
export function boolAt(bytes: Uint8Array, at: number): boolean {
  for (let i = at; ; i++) {
    const byte = bytes[i]!
    if ((byte & 0x7f) !== 0) return true
    if (byte < 0x80) return false
  }
}

/** Where the varint at `at` ends; -1 where it does not before `end`. */
export function varintEnd(bytes: Uint8Array, at: number, end: number): number {
  const last = Math.min(end, at + VARINT_BYTES_MAX)
  for (let i = at; i < last; i++) if (bytes[i]! < 0x80) return i + 1
  return -1
}
