import { LIMITS } from './limits.ts'
import { isSuppressed } from './suppression-mark.ts'
import { VarintReader, writeVarint } from './varint.ts'

/**
 * The packed memberships of one id:
 *
 *   version (1 byte) · count · base day · width (1 byte)
 *   count × expiry day, as the distance from the base day in `width` bits, lowest bit first
 *   count × segment number, as the distance from the one before
 *
 * Numbers are varints where nothing else is said, segments ascend, the base day is the earliest expiry,
 * and the width is what the latest one needs. About 2.5 bytes a membership. No memberships are no
 * bytes at all. Bytes of an unknown version, or cut off, hold what can be read of them and nothing else.
 */
export interface Membership {
  /** Segment number, below 2^31. */
  segment: number
  /** First UTC day (days since the epoch) on which it no longer holds. */
  expiryDay: number
}

const VERSION = 1
const SEGMENT_MAX = 2 ** 31 - 1

/** Packs memberships given in any order; of a segment given twice the last counts. */
export function packProfile(memberships: readonly Membership[]): Uint8Array {
  const days = new Map<number, number>()
  for (const { segment, expiryDay } of memberships)
    days.set(segment, Math.min(Math.max(expiryDay, 0), LIMITS.expiryDayMax))
  if (days.size === 0) return new Uint8Array(0)
  const segments = [...days.keys()].sort((a, b) => a - b)
  const inOrder = segments.map((segment) => days.get(segment)!)
  const baseDay = inOrder.reduce((min, day) => Math.min(min, day))
  const bytes = [VERSION]
  writeVarint(bytes, segments.length)
  writeVarint(bytes, baseDay)
  const distances = inOrder.map((day) => day - baseDay)
  writeFixed(bytes, distances)
  segments.forEach((segment, i) => {
    writeVarint(bytes, segment - (segments[i - 1] ?? 0))
  })
  return Uint8Array.from(bytes)
}

/** Every membership in the blob, live or not. */
export function unpackProfile(blob: Uint8Array): Membership[] {
  const found: Membership[] = []
  if (!begin(blob, 0, blob.length)) return found
  for (let i = 0; nextSegment(); i++) found.push({ segment, expiryDay: expiryDayOf(i) })
  return found
}

/**
 * The blob after a write: what is added replaces its expiry, what is removed goes, and so does what
 * no longer holds on `today`. In place of a suppression nothing is written.
 */
export function mergeProfile(
  blob: Uint8Array,
  add: readonly Membership[],
  remove: readonly number[],
  today: number,
): Uint8Array {
  if (isSuppressed(blob, 0, blob.length)) return blob
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
  if (!begin(bytes, start, end)) return 0
  const { segment: out } = into
  // As nextSegment and expiryDayOf do, with the state of the walk in registers: half the time.
  const count = left
  const daysFrom = daysAt
  const bits = width
  const mask = (1 << bits) - 1
  const latest = today - baseDay
  let number = 0
  let to = at
  for (let i = 0; i < count && to < out.length; i++) {
    const distance = reader.next()
    number += distance
    if (reader.failed || number > SEGMENT_MAX || (distance === 0 && i > 0)) break
    const bit = i * bits
    if (((fourBytes(bytes, daysFrom + (bit >>> 3)) >>> (bit & 7)) & mask) > latest)
      out[to++] = number
  }
  return to - at
}

// One walk over a blob at a time: `begin`, then `nextSegment` as long as it says yes.
const reader = new VarintReader()
let baseDay = 0
let width = 0
let daysAt = 0
let left = 0
let segment = 0
let isFirst = true

function begin(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end || bytes[start] !== VERSION) return false
  reader.begin(bytes, start + 1, end)
  left = reader.next()
  baseDay = reader.next()
  width = bytes[reader.at] ?? WIDTH_MAX + 1
  daysAt = reader.at + 1
  segment = 0
  isFirst = true
  // More than any blob could hold are no reason to step further than its end.
  reader.skip(1 + Math.ceil((left * width) / 8))
  return !reader.failed && width <= WIDTH_MAX && baseDay <= LIMITS.expiryDayMax
}

/** Moves on to the next membership; false at the end, and where the bytes stop making sense. */
function nextSegment(): boolean {
  if (left === 0) return false
  left--
  const distance = reader.next()
  segment += distance
  const isAscending = isFirst || distance > 0
  isFirst = false
  return !reader.failed && isAscending && segment <= SEGMENT_MAX
}

const WIDTH_MAX = 24

/** The width reaches over four bytes at most; those beyond the days belong to segments and are masked. */
function expiryDayOf(i: number): number {
  const bit = i * width
  const four = fourBytes(reader.bytes, daysAt + (bit >>> 3))
  const day = baseDay + ((four >>> (bit & 7)) & ((1 << width) - 1))
  return Math.min(day, LIMITS.expiryDayMax)
}

function fourBytes(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** Appends the width that the greatest number needs, and every number in that many bits. */
function writeFixed(bytes: number[], numbers: readonly number[]): void {
  const bits = 32 - Math.clz32(numbers.reduce((max, number) => Math.max(max, number)))
  bytes.push(bits)
  let held = 0
  let heldBits = 0
  for (const number of numbers) {
    held |= number << heldBits
    for (heldBits += bits; heldBits >= 8; heldBits -= 8) {
      bytes.push(held & 0xff)
      held >>>= 8
    }
  }
  if (heldBits > 0) bytes.push(held)
}
