import { VarintReader, writeVarint } from './varint.ts'

/**
 * The packed memberships of one id:
 *
 *   version (1 byte) · base day · count · count × ( segment number, as the distance from the one
 *   before · expiry day, as the distance from the base day )
 *
 * all numbers varints, segments ascending, the base day the earliest expiry. About 2.5 bytes a
 * membership. No memberships are no bytes at all. Bytes of an unknown version, or cut off, hold what
 * can be read of them and nothing else.
 */
export interface Membership {
  /** Segment number. */
  segment: number
  /** First UTC day (days since the epoch) on which it no longer holds. */
  expiryDay: number
}

const VERSION = 1

/** Packs memberships given in any order; of a segment given twice the last counts. */
export function packProfile(memberships: readonly Membership[]): Uint8Array {
  const days = new Map(memberships.map(({ segment, expiryDay }) => [segment, expiryDay]))
  if (days.size === 0) return new Uint8Array(0)
  const baseDay = Math.min(...days.values())
  const bytes = [VERSION]
  writeVarint(bytes, baseDay)
  writeVarint(bytes, days.size)
  let last = 0
  for (const segment of [...days.keys()].sort((a, b) => a - b)) {
    writeVarint(bytes, segment - last)
    writeVarint(bytes, days.get(segment)! - baseDay)
    last = segment
  }
  return Uint8Array.from(bytes)
}

/** Every membership in the blob, live or not. */
export function unpackProfile(blob: Uint8Array): Membership[] {
  const found: Membership[] = []
  walk(blob, 0, blob.length, (segment, expiryDay) => found.push({ segment, expiryDay }))
  return found
}

/**
 * The blob after a write: what is added replaces its expiry, what is removed goes, and so does what
 * no longer holds on `today`.
 */
export function mergeProfile(
  blob: Uint8Array,
  add: readonly Membership[],
  remove: readonly number[],
  today: number,
): Uint8Array {
  const days = new Map(unpackProfile(blob).map(({ segment, expiryDay }) => [segment, expiryDay]))
  for (const { segment, expiryDay } of add) days.set(segment, expiryDay)
  for (const segment of remove) days.delete(segment)
  const live = [...days].filter(([, expiryDay]) => expiryDay > today)
  return packProfile(live.map(([segment, expiryDay]) => ({ segment, expiryDay })))
}

/** Where the hot path wants segment numbers. */
export interface SegmentsOut {
  readonly segment: Int32Array
}

/**
 * Writes the segments that hold on `today` into `into.segment` from `at` on, ascending, as far as
 * there is room; returns how many. Reads `bytes[start … end)`. Allocates nothing.
 */
export function readProfile(
  bytes: Uint8Array,
  start: number,
  end: number,
  today: number,
  into: SegmentsOut,
  at: number,
): number {
  if (start >= end || bytes[start] !== VERSION) return 0
  reader.begin(bytes, start + 1, end)
  const lastDayFromBase = today - reader.next()
  const { segment: out } = into
  let left = reader.next()
  let segment = 0
  let to = at
  for (; left > 0 && to < out.length; left--) {
    segment += reader.next()
    const isLive = reader.next() > lastDayFromBase
    if (reader.failed) break
    if (isLive) out[to++] = segment
  }
  return to - at
}

const reader = new VarintReader()

function walk(
  bytes: Uint8Array,
  start: number,
  end: number,
  then: (segment: number, expiryDay: number) => void,
): void {
  if (start >= end || bytes[start] !== VERSION) return
  reader.begin(bytes, start + 1, end)
  const baseDay = reader.next()
  let left = reader.next()
  for (let segment = 0; left > 0; left--) {
    segment += reader.next()
    const expiryDay = baseDay + reader.next()
    if (reader.failed) return
    then(segment, expiryDay)
  }
}
