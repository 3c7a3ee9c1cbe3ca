import { WireType } from './message-reader.ts'
import { writeVarint } from './varint.ts'

/** Single fields of protobuf messages, each with its tag: a message is these one after the other. */

export function messageField(field: number, content: Uint8Array): Buffer {
  const head = headOf(field, content.length)
  const bytes = Buffer.allocUnsafe(head.length + content.length)
  bytes.set(head)
  bytes.set(content, head.length)
  return bytes
}

export function textField(field: number, text: string): Buffer {
  const head = headOf(field, Buffer.byteLength(text))
  const bytes = Buffer.allocUnsafe(head.length + Buffer.byteLength(text))
  bytes.set(head)
  bytes.write(text, head.length)
  return bytes
}

/** A whole number from 0 to 2^32 - 1. */
export function numberField(field: number, value: number): Buffer {
  const bytes = tagOf(field, WireType.varint)
  writeVarint(bytes, value)
  return Buffer.from(bytes)
}

function headOf(field: number, length: number): number[] {
  const head = tagOf(field, WireType.bytes)
  writeVarint(head, length)
  return head
}

function tagOf(field: number, type: number): number[] {
  const bytes: number[] = []
  writeVarint(bytes, field * 8 + type)
  return bytes
}
