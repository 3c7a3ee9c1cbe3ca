import type { Change } from '../store.ts'

/** Codes of `Change.what` in the log, in this order; only ever appended to. */
const WHATS = ['assign', 'link', 'unlink', 'forget', 'suppress'] as const

const KEY_BYTES = 16
const HEAD_BYTES = 1 + KEY_BYTES + 4 + 4

/**
 * One log entry: the changes of one transaction, one after another, each as
 * `what u8 | key 16 | added u32 | removed u32 | segments u32 × (added + removed)`, little-endian.
 */
export function packChanges(changes: readonly Change[]): Buffer {
  const bytes = Buffer.allocUnsafe(changes.reduce((sum, change) => sum + packedSize(change), 0))
  let at = 0
  for (const change of changes) at = writeChange(bytes, at, change)
  return bytes
}

/** The changes of one entry from the `skip`th on, at most `max`. */
export function unpackChanges(bytes: Buffer, skip: number, max: number): Change[] {
  const changes: Change[] = []
  let at = 0
  for (let index = 0; at < bytes.length && changes.length < max; index++) {
    const end = changeEnd(bytes, at)
    if (index >= skip) changes.push(readChange(bytes, at))
    at = end
  }
  return changes
}

function packedSize(change: Change): number {
  return HEAD_BYTES + 4 * (change.added.length + change.removed.length)
}

function writeChange(bytes: Buffer, start: number, change: Change): number {
  bytes[start] = WHATS.indexOf(change.what)
  bytes.set(change.key, start + 1)
  bytes.writeUInt32LE(change.added.length, start + 1 + KEY_BYTES)
  bytes.writeUInt32LE(change.removed.length, start + 5 + KEY_BYTES)
  let at = start + HEAD_BYTES
  for (const segment of change.added) at = bytes.writeUInt32LE(segment, at)
  for (const segment of change.removed) at = bytes.writeUInt32LE(segment, at)
  return at
}

function changeEnd(bytes: Buffer, start: number): number {
  const added = bytes.readUInt32LE(start + 1 + KEY_BYTES)
  const removed = bytes.readUInt32LE(start + 5 + KEY_BYTES)
  return start + HEAD_BYTES + 4 * (added + removed)
}

function readChange(bytes: Buffer, start: number): Change {
  const what = WHATS[bytes[start] ?? WHATS.length]
  if (what === undefined) throw new Error(`change log: unknown change ${bytes[start]}`)
  const addedEnd = start + HEAD_BYTES + 4 * bytes.readUInt32LE(start + 1 + KEY_BYTES)
  return {
    what,
    key: Buffer.from(bytes.subarray(start + 1, start + 1 + KEY_BYTES)),
    added: readSegments(bytes, start + HEAD_BYTES, addedEnd),
    removed: readSegments(bytes, addedEnd, changeEnd(bytes, start)),
  }
}

function readSegments(bytes: Buffer, start: number, end: number): number[] {
  const segments: number[] = []
  for (let at = start; at < end; at += 4) segments.push(bytes.readUInt32LE(at))
  return segments
}
