import { VarintReader, writeVarint } from './varint.ts'

/**
 * What events have shown of one id, packed:
 *
 *   version (1 byte) · wake (6 bytes, ms, big-endian; 0 never) · base day
 *   count of traits   · per trait: 2 × (number − the one before) + (1 where a count of moments follows) · moments
 *   count of segments · per segment: number − the one before · moment
 *   moment: day − the day before it, or the base day · 2 × ms of the day + (1 where a count of events follows)
 *
 * Numbers are varints where nothing else is said, days are UTC's, the base day is the earliest. Six or seven bytes
 * a trait that was shown once. Nothing known is no bytes at all. Bytes of an unknown version, or cut off, hold
 * what can be read of them and nothing else.
 */
export interface History {
  /** When somebody has to look at it again (ms since the epoch); 0: never by itself. */
  wakeMs: number
  /** Trait number → when it was shown, oldest first. */
  traits: Map<number, Moment[]>
  /** Segments its person is in by their rules → since when this id is (ms since the epoch). */
  segments: Map<number, number>
}

export interface Moment {
  atMs: number
  /** Events at this moment. */
  count: number
}

export const HISTORY_VERSION = 2
const WAKE_BYTES = 6
const DAY_MS = 86_400_000

export function packHistory({ wakeMs, traits, segments }: History): Uint8Array {
  const shown = [...traits].filter(([, moments]) => moments.length > 0).sort(byNumber)
  const since = [...segments].sort(byNumber)
  if (shown.length === 0 && since.length === 0) return new Uint8Array(0)
  const firsts = [...shown.map(([, moments]) => moments[0]!.atMs), ...since.map(([, ms]) => ms)]
  const baseDay = Math.floor(firsts.reduce((a, b) => Math.min(a, b)) / DAY_MS)
  const bytes = [HISTORY_VERSION, ...wakeBytes(wakeMs)]
  writeVarint(bytes, baseDay)
  writeVarint(bytes, shown.length)
  let before = 0
  for (const [number, moments] of shown) {
    const isMany = moments.length > 1
    writeVarint(bytes, 2 * (number - before) + (isMany ? 1 : 0))
    if (isMany) writeVarint(bytes, moments.length)
    let day = baseDay
    for (const moment of moments) day = writeMoment(bytes, moment, day)
    before = number
  }
  writeVarint(bytes, since.length)
  before = 0
  for (const [number, atMs] of since) {
    writeVarint(bytes, number - before)
    writeMoment(bytes, { atMs, count: 1 }, baseDay)
    before = number
  }
  return Uint8Array.from(bytes)
}

export function unpackHistory(blob: Uint8Array): History {
  const history: History = { wakeMs: wakeOf(blob), traits: new Map(), segments: new Map() }
  if (blob[0] !== HISTORY_VERSION) return history
  reader.begin(blob, 1 + WAKE_BYTES, blob.length)
  const baseDay = reader.next()
  let number = 0
  for (let left = reader.next(); left > 0 && !reader.failed; left--) {
    const step = reader.next()
    number += step >>> 1
    const moments = readMoments(step & 1 ? reader.next() : 1, baseDay)
    if (moments.length > 0) history.traits.set(number, moments)
  }
  number = 0
  for (let left = reader.next(); left > 0 && !reader.failed; left--) {
    number += reader.next()
    const [since] = readMoments(1, baseDay)
    if (since) history.segments.set(number, since.atMs)
  }
  return history
}

/** When a packed history wants to be looked at again; 0: never by itself. */
export function wakeOf(blob: Uint8Array): number {
  if (blob[0] !== HISTORY_VERSION || blob.length < 1 + WAKE_BYTES) return 0
  let ms = 0
  for (let i = 1; i <= WAKE_BYTES; i++) ms = ms * 256 + blob[i]!
  return ms
}

function byNumber(a: readonly [number, unknown], b: readonly [number, unknown]): number {
  return a[0] - b[0]
}

function wakeBytes(ms: number): number[] {
  const bytes = Buffer.alloc(WAKE_BYTES)
  bytes.writeUIntBE(Number.isFinite(ms) ? Math.ceil(ms) : 0, 0, WAKE_BYTES)
  return [...bytes]
}

/** Returns the moment's day. */
function writeMoment(bytes: number[], { atMs, count }: Moment, dayBefore: number): number {
  const day = Math.floor(atMs / DAY_MS)
  const isMany = count > 1
  writeVarint(bytes, day - dayBefore)
  writeVarint(bytes, 2 * (atMs - day * DAY_MS) + (isMany ? 1 : 0))
  if (isMany) writeVarint(bytes, count)
  return day
}

function readMoments(wanted: number, baseDay: number): Moment[] {
  const moments: Moment[] = []
  let day = baseDay
  for (let left = wanted; left > 0; left--) {
    day += reader.next()
    const time = reader.next()
    const count = time & 1 ? reader.next() : 1
    const atMs = day * DAY_MS + (time >>> 1)
    if (reader.failed) break
    moments.push({ atMs, count })
  }
  return moments
}

const reader = new VarintReader()
