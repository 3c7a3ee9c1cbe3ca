import { WireType } from './message-reader.ts'

const PAGE_BYTES = 4 * 1024
/** A page that grew beyond is not kept for the next message. */
const PAGE_KEPT_BYTES_MAX = 256 * 1024
/** Of a tag and of a length. */
const VARINT_BYTES_MAX = 5
/** Of one unit of a string, in UTF-8. */
const UNIT_BYTES_MAX = 3

/** Writes one message of protobuf after the other onto one page, which grows with the longest. */
export class MessageWriter {
  #page = Buffer.allocUnsafe(PAGE_BYTES)
  #at = 0

  begin(): void {
    this.#at = 0
    if (this.#page.length > PAGE_KEPT_BYTES_MAX) this.#page = Buffer.allocUnsafe(PAGE_BYTES)
  }

  /** The message since `begin`; valid until the next one is begun. */
  end(): Uint8Array {
    return this.#page.subarray(0, this.#at)
  }

  text(field: number, value: string): void {
    const opened = this.open(field, value.length * UNIT_BYTES_MAX)
    this.#at += this.#page.write(value, this.#at)
    this.close(opened)
  }

  bytes(field: number, content: Uint8Array): void {
    this.#room(content.length)
    this.#tag(field, WireType.bytes)
    this.#varint(content.length)
    this.#page.set(content, this.#at)
    this.#at += content.length
  }

  /** A whole number from 0 to 2^32 - 1. */
  number(field: number, value: number): void {
    this.#room(0)
    this.#tag(field, WireType.varint)
    this.#varint(value)
  }

  double(field: number, value: number): void {
    this.#room(8)
    this.#tag(field, WireType.fixed64)
    this.#at = this.#page.writeDoubleLE(value, this.#at)
  }

  /** Begins a message within: what is written until `close`, which wants what this returns. */
  open(field: number, bytesMax = 0): number {
    this.#room(bytesMax)
    this.#tag(field, WireType.bytes)
    return ++this.#at
  }

  /** Nearly all are short: the length of a longer one makes room for itself. */
  close(opened: number): void {
    const length = this.#at - opened
    if (length >= 0x80) {
      this.#room(0)
      const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3
      this.#page.copyWithin(opened + more, opened, this.#at)
    }
    this.#at = opened - 1
    this.#varint(length)
    this.#at += length
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type)
  }

  #varint(value: number): void {
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 0x80))
      this.#page[this.#at++] = (left & 0x7f) | 0x80
    this.#page[this.#at++] = left
  }

  /** For so much, and what stands before it. */
  #room(bytes: number): void {
    const needed = this.#at + bytes + 2 * VARINT_BYTES_MAX
    if (needed <= this.#page.length) return
    const longer = Buffer.allocUnsafe(2 * needed)
    this.#page.copy(longer, 0, 0, this.#at)
    this.#page = longer
  }
}
