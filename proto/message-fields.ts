import { WireType } from './message-reader.ts'
import { writeVarint } from './varint.ts'

/** Single fields of protobuf messages, each with its tag: a message is these one after the other. */

export function messageField(field: number, content: Uint8Array): Buffer {
  const head = tagOf(field, WireType.bytes)
  writeVarint(head, content.length)
  return Buffer.concat([Uint8Array.from(head), content])
}

export function textField(field: number, text: string): Buffer {
  return messageField(field, Buffer.from(text))
}

/** A whole number from 0 to 2^32 - 1. */
export function numberField(field: number, value: number): Buffer {
  const bytes = tagOf(field, WireType.varint)
  writeVarint(bytes, value)
  return Buffer.from(bytes)
}

function tagOf(field: number, type: number): number[] {
  const bytes: number[] = []
  writeVarint(bytes, field * 8 + type)
  return bytes
}
