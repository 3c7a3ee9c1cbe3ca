import type { Change } from '../store.ts'

/** Codes of `Change.what` in the log; only ever appended to. */
const whats = ['assign', 'link', 'unlink', 'forget', 'suppress'] as const
const keyBytes = 16

/** `what u8 | key 16 B | added | removed`, each list a varint count and varint segment numbers. */
export function packChange({ what, key, added, removed }: Change): Buffer {
  const bytes = [whats.indexOf(what), ...key]
  for (const list of [added, removed]) {
    putVarint(bytes, list.length)
    for (const segment of list) putVarint(bytes, segment)
  }
  return Buffer.from(bytes)
}

/** Undefined for an entry of a version that knew more: a reader cannot tell what it missed. */
export function unpackChange(bytes: Buffer): Change | undefined {
  const what = whats[bytes[0] ?? whats.length]
  if (!what || bytes.length < keyBytes + 3) return undefined
  const at = { index: keyBytes + 1 }
  const key = Buffer.from(bytes.subarray(1, at.index))
  return { what, key, added: segmentsAt(bytes, at), removed: segmentsAt(bytes, at) }
}

function putVarint(bytes: number[], value: number): void {
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
}

function segmentsAt(bytes: Buffer, at: { index: number }): number[] {
  const count = varintAt(bytes, at)
  return Array.from({ length: Math.min(count, bytes.length) }, () => varintAt(bytes, at))
}

function varintAt(bytes: Buffer, at: { index: number }): number {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at.index++] ?? 0
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value >>> 0
  }
}
