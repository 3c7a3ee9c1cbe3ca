import type { UserKey } from '../store/store.ts'

/**
 * Keys are keyed hashes, so ids lie evenly in the space of all keys. A position is the number their first six bytes
 * make: how far a walk in the order of keys has come, and which share of everybody lies behind it.
 */
export const POSITIONS = 2 ** 48

const BYTES = 6

export function positionOf(key: UserKey): number {
  return key.readUIntBE(0, BYTES)
}

/** The lowest key of a position. */
export function keyAt(position: number): UserKey {
  const key = Buffer.alloc(16)
  key.writeUIntBE(position, 0, BYTES)
  return key
}

/**
 * The one of a person's ids by which it is counted, so that it is counted once: chosen by the last bytes, that its
 * position may be any. The lowest position of several would not be evenly spread.
 */
export function representativeOf(keys: readonly UserKey[]): UserKey {
  return keys.reduce((best, key) => (key.compare(best, 8, 16, 8, 16) < 0 ? key : best))
}
