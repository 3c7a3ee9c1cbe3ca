import { isSuppressed } from './suppression-mark.ts'
import { VarintReader, writeVarint } from './varint.ts'

/**
 * The packed edges (matches) of one id, each seen from this id's end:
 *
 *   version (1 byte) · per edge: key of the other id (16 bytes) · owner · expiry day
 *                      · method · first seen day · last seen day · namespace · value length · value
 *
 * all numbers varints, edges in order of key and owner. The compact version, for near-caches, has after the
 * expiry day a length, and so many bytes: method, namespace and value, the value only where it is asked for,
 * and nothing at all where no names are. A blob with a claim has a version of its own, and after each value 0, or
 * one more than why it is parked · day and ms of the day at which it was said last · the day on which it ends.
 * No edges are no bytes at all. Bytes of an unknown version, or cut off, hold what can be read of them and nothing else.
 */
export interface PackedEdge {
  /** Key of the id at the other end: 16 bytes. */
  key: Uint8Array
  /** What that key was made of: namespace number and value. */
  namespace: number
  value: string
  /** Number of the partner that owns the edge; 0 is the exchange. */
  owner: number
  /** AdCOM ID match method. */
  method: number
  firstSeenDay: number
  lastSeenDay: number
  /** First UTC day on which it no longer holds; 0 for a parked claim, so that no walk goes over it. */
  expiryDay: number
  /** Absent: the match stands whatever else is said. */
  claim?: EdgeClaim | undefined
}

/** A match that gives way where a stronger one says otherwise: see audience/people/settle-claims.ts. */
export interface EdgeClaim {
  /** When it was said last (ms since the epoch). */
  atMs: number
  /** First UTC day on which it no longer holds, parked or not. */
  untilDay: number
  /** Why it joins nobody now; 0: it does. */
  parked: number
}

const FULL = 1
const COMPACT = 2
const CLAIMED = 3
const DAY_MS = 86_400_000
const DAY_MAX = 0xff_ffff
const KEY_BYTES = 16

/** Packs edges given in any order. */
export function packEdges(edges: readonly PackedEdge[]): Uint8Array {
  if (edges.length === 0) return new Uint8Array(0)
  const hasClaims = edges.some(({ claim }) => claim !== undefined)
  const bytes = [hasClaims ? CLAIMED : FULL]
  for (const edge of [...edges].sort(byKeyAndOwner)) {
    writeHead(bytes, edge.key, edge)
    for (const number of [edge.method, edge.firstSeenDay, edge.lastSeenDay, edge.namespace])
      writeVarint(bytes, number)
    const value = Buffer.from(edge.value)
    writeVarint(bytes, value.length)
    for (const byte of value) bytes.push(byte)
    if (hasClaims) writeClaim(bytes, edge.claim)
  }
  return Uint8Array.from(bytes)
}

function writeClaim(bytes: number[], claim: EdgeClaim | undefined): void {
  if (claim === undefined) {
    writeVarint(bytes, 0)
    return
  }
  const day = Math.floor(claim.atMs / DAY_MS)
  for (const number of [claim.parked + 1, day, claim.atMs - day * DAY_MS, claim.untilDay])
    writeVarint(bytes, number)
}

/** Every edge of a full blob, live or not. */
export function unpackEdges(blob: Uint8Array): PackedEdge[] {
  if (blob[0] !== FULL && blob[0] !== CLAIMED) return []
  const edges: PackedEdge[] = []
  reader.begin(blob, 1, blob.length)
  while (reader.at < reader.end) {
    const edge = nextEdge(blob)
    if (reader.failed) break
    edges.push(edge)
  }
  return edges
}

/**
 * The blob with one more edge. The same two ids and owner are one edge: seen from the first day to the
 * last, with the newest method and expiry; claims with the latest of all, and a match that stands is no claim any more.
 * What no longer holds on `today` goes. In place of a suppression nothing is written.
 */
export function mergeEdge(blob: Uint8Array, edge: PackedEdge, today: number): Uint8Array {
  if (isSuppressed(blob, 0, blob.length)) return blob
  const edges = unpackEdges(blob)
  const same = edges.find((one) => one.owner === edge.owner && isSameKey(one.key, edge.key))
  const others = edges.filter((one) => one !== same)
  const merged = same
    ? {
        ...edge,
        ...mergedEnd(same, edge),
        firstSeenDay: Math.min(same.firstSeenDay, edge.firstSeenDay),
        lastSeenDay: Math.max(same.lastSeenDay, edge.lastSeenDay),
      }
    : edge
  return packEdges([...others, merged].filter((one) => endOf(one) > today))
}

function mergedEnd(same: PackedEdge, { claim, expiryDay }: PackedEdge) {
  if (claim === undefined) return { expiryDay, claim }
  const untilDay = Math.max(endOf(same), claim.untilDay)
  if (same.claim === undefined) return { expiryDay: untilDay, claim: undefined }
  const { parked } = claim
  const atMs = Math.max(same.claim.atMs, claim.atMs)
  return { expiryDay: parked === 0 ? untilDay : 0, claim: { atMs, untilDay, parked } }
}

/** First UTC day on which an edge no longer holds, parked or not. */
export function endOf({ claim, expiryDay }: Pick<PackedEdge, 'claim' | 'expiryDay'>): number {
  return claim?.untilDay ?? expiryDay
}

/** Whether some claim in a blob is parked: time alone may give it back. */
export function hasParked(blob: Uint8Array): boolean {
  return blob[0] === CLAIMED && unpackEdges(blob).some(({ claim }) => (claim?.parked ?? 0) > 0)
}

/**
 * The blob without any edge to the id `other`, whoever owns it or one owner's alone, and without what ended by
 * `today`.
 */
export function removeEdges(
  blob: Uint8Array,
  other: Uint8Array,
  { today, owner }: { today: number; owner?: number | undefined },
): Uint8Array {
  if (isSuppressed(blob, 0, blob.length)) return blob
  const goes = (edge: PackedEdge) => owner === undefined || edge.owner === owner
  const left = unpackEdges(blob).filter((edge) => !(isSameKey(edge.key, other) && goes(edge)))
  return packEdges(left.filter((edge) => endOf(edge) > today))
}

/**
 * What recall needs of a blob: keys, owners and expiry days of edges that hold on `today`; with `named`, methods
 * and namespaces too, and the values of those namespaces.
 */
export function compactEdges(
  blob: Uint8Array,
  today: number,
  named?: ReadonlySet<number>,
): Uint8Array {
  const live = unpackEdges(blob).filter((edge) => edge.expiryDay > today)
  if (live.length === 0) return new Uint8Array(0)
  const bytes = [COMPACT]
  for (const edge of live) {
    writeHead(bytes, edge.key, edge)
    const name = named === undefined ? [] : nameOf(edge, named)
    writeVarint(bytes, name.length)
    for (const byte of name) bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

function nameOf({ method, namespace, value }: PackedEdge, named: ReadonlySet<number>): number[] {
  const bytes: number[] = []
  writeVarint(bytes, method)
  writeVarint(bytes, namespace)
  if (named.has(namespace)) for (const byte of Buffer.from(value)) bytes.push(byte)
  return bytes
}

/** Where the hot path wants live edges: parallel arrays, filled from 0 as far as there is room. */
export interface EdgesOut {
  /** Offset in `bytes` of the 16-byte key at the other end. */
  readonly keyAt: Int32Array
  readonly owner: Int32Array
  /** Where the edge's name is, for `readEdgeName`; -1 where it has none. */
  readonly nameAt: Int32Array
}

/** What a compact edge says of itself and its other end. */
export interface EdgeName {
  method: number
  namespace: number
  /** The value, as UTF-8: `bytes[start … end)`. Empty where it is not kept. */
  start: number
  end: number
}

/** Reads the name at an offset that `readEdges` gave. */
export function readEdgeName(bytes: Uint8Array, at: number, into: EdgeName): void {
  reader.begin(bytes, at, bytes.length)
  const end = reader.next() + reader.at
  into.method = reader.next()
  into.namespace = reader.next()
  into.start = reader.at
  into.end = end
}

/** Finds the edges that hold on `today` in `bytes[start … end)`, full or compact; returns how many. Allocates nothing. */
export function readEdges(
  bytes: Uint8Array,
  start: number,
  end: number,
  today: number,
  into: EdgesOut,
): number {
  const version = bytes[start]
  if (start >= end || version === undefined || version < FULL || version > CLAIMED) return 0
  let count = 0
  reader.begin(bytes, start + 1, end)
  while (reader.at < reader.end && count < into.keyAt.length) {
    const keyAt = reader.at
    reader.skip(KEY_BYTES)
    const owner = reader.next()
    const expiryDay = reader.next()
    const nameAt = reader.at
    const nameBytes = version === COMPACT ? reader.next() : skipRest(version)
    reader.skip(nameBytes)
    if (reader.failed) break
    if (expiryDay <= today) continue
    into.keyAt[count] = keyAt
    into.nameAt[count] = nameBytes === 0 ? -1 : nameAt
    into.owner[count++] = owner
  }
  return count
}

/** Where a sync planner wants live edges: parallel arrays, filled from 0 as far as there is room. */
export interface MatchesOut {
  /** Namespace number of the id at the other end. */
  readonly namespace: Int32Array
  readonly lastSeenDay: Int32Array
}

/** Finds with which namespaces a full blob has edges that hold on `today`; returns how many. Makes no strings. */
export function readMatches(blob: Uint8Array, today: number, into: MatchesOut): number {
  if (blob[0] !== FULL && blob[0] !== CLAIMED) return 0
  let count = 0
  reader.begin(blob, 1, blob.length)
  while (reader.at < reader.end && count < into.namespace.length) {
    reader.skip(KEY_BYTES)
    reader.next()
    const expiryDay = reader.next()
    reader.next()
    reader.next()
    const lastSeenDay = reader.next()
    const namespace = reader.next()
    reader.skip(reader.next())
    if (blob[0] === CLAIMED) skipClaim()
    if (reader.failed) break
    if (expiryDay <= today) continue
    into.namespace[count] = namespace
    into.lastSeenDay[count++] = lastSeenDay
  }
  return count
}

const reader = new VarintReader()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Full edges are named where they are unpacked. */
function skipRest(version: number): 0 {
  for (let i = 0; i < 4; i++) reader.next()
  reader.skip(reader.next())
  if (version === CLAIMED) skipClaim()
  return 0
}

function skipClaim(): void {
  if (reader.next() > 0) for (let i = 0; i < 3; i++) reader.next()
}

function nextEdge(blob: Uint8Array): PackedEdge {
  const key = blob.slice(reader.at, reader.at + KEY_BYTES)
  reader.skip(KEY_BYTES)
  const owner = reader.next()
  const expiryDay = reader.next()
  const method = reader.next()
  const firstSeenDay = reader.next()
  const lastSeenDay = reader.next()
  const namespace = reader.next()
  const length = reader.next()
  const value = decoder.decode(blob.subarray(reader.at, reader.at + length))
  reader.skip(length)
  const edge = { key, namespace, value, owner, method, firstSeenDay, lastSeenDay, expiryDay }
  const claim = blob[0] === CLAIMED ? nextClaim() : undefined
  return claim ? { ...edge, claim } : edge
}

function nextClaim(): EdgeClaim | undefined {
  const flag = reader.next()
  if (flag === 0) return undefined
  const day = Math.min(reader.next(), DAY_MAX)
  const atMs = day * DAY_MS + Math.min(reader.next(), DAY_MS - 1)
  return { atMs, untilDay: reader.next(), parked: flag - 1 }
}

function writeHead(bytes: number[], key: Uint8Array, edge: { owner: number; expiryDay: number }) {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`)
  for (const byte of key) bytes.push(byte)
  writeVarint(bytes, edge.owner)
  writeVarint(bytes, edge.expiryDay)
}

function byKeyAndOwner(a: PackedEdge, b: PackedEdge): number {
  return Buffer.compare(a.key, b.key) || a.owner - b.owner
}

function isSameKey(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
