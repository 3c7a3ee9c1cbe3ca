import { VarintReader, writeVarint } from './varint.ts'

/**
 * Who was given what about one id, packed:
 *
 *   version (1 byte) · per entry: recipient · channel · first day · last day · reference length · reference
 *                      · count · count × segment number, as the distance from the one before
 *
 * Another version has past matches before the entries: count · count × (key, 16 bytes · namespace · owner ·
 * last day). Numbers are varints, segments ascend. Nothing at all is no bytes. Bytes of an unknown version, or
 * cut off, hold what can be read of them and nothing else.
 */
export interface EgressEntry {
  /** Number of the partner. */
  recipient: number
  /** See EGRESS_CHANNELS (exchange/egress/channels.ts). */
  channel: number
  /** Names one delivery, so that it is an entry of its own; '' adds up by recipient and channel. */
  reference: string
  /** First and last UTC day (days since the epoch) on which it was given. */
  firstDay: number
  lastDay: number
  /** Segment numbers, ascending; empty where what was given is no longer kept. */
  segments: readonly number[]
}

/**
 * A match as a suppression left it: by whose word this id and another were one person's, so that whoever
 * passes an erasure on by one of them finds what was given about the other. It joins nobody any more.
 */
export interface PastMatch {
  /** Key of the id at the other end: 16 bytes. */
  key: Uint8Array
  /** Number of that id's namespace. */
  namespace: number
  /** Number of the partner that owned the match; 0 is the exchange. */
  owner: number
  /** UTC day on which the suppression took it. */
  lastDay: number
}

export interface EgressBounds {
  /** What was last given before this day is no longer kept. */
  oldestDay: number
  /** Beyond so many entries single deliveries are added up by recipient and channel. */
  entriesMax: number
}

export interface PastMatchBounds {
  /** Past matches that ended before this day are no longer kept. */
  oldestDay: number
  /** Of more, those that ended last. */
  matchesMax: number
}

const VERSION = 1
const WITH_MATCHES = 2
const KEY_BYTES = 16

/** All that a blob holds. */
interface Kept {
  matches: readonly PastMatch[]
  entries: readonly EgressEntry[]
}

function pack({ matches, entries }: Kept): Uint8Array {
  if (matches.length + entries.length === 0) return new Uint8Array(0)
  const bytes = [matches.length > 0 ? WITH_MATCHES : VERSION]
  if (matches.length > 0) writeMatches(bytes, matches)
  for (const { recipient, channel, firstDay, lastDay, reference, segments } of entries) {
    const text = Buffer.from(reference)
    for (const number of [recipient, channel, firstDay, lastDay, text.length])
      writeVarint(bytes, number)
    for (const byte of text) bytes.push(byte)
    writeVarint(bytes, segments.length)
    segments.forEach((segment, i) => {
      writeVarint(bytes, segment - (segments[i - 1] ?? 0))
    })
  }
  return Uint8Array.from(bytes)
}

function writeMatches(bytes: number[], matches: readonly PastMatch[]): void {
  writeVarint(bytes, matches.length)
  for (const { key, namespace, owner, lastDay } of matches) {
    for (const byte of key) bytes.push(byte)
    for (const number of [namespace, owner, lastDay]) writeVarint(bytes, number)
  }
}

export function unpackEgress(blob: Uint8Array): EgressEntry[] {
  return unpack(blob).entries
}

export function unpackPastMatches(blob: Uint8Array): PastMatch[] {
  return unpack(blob).matches
}

function unpack(blob: Uint8Array): { matches: PastMatch[]; entries: EgressEntry[] } {
  const [matches, entries]: [PastMatch[], EgressEntry[]] = [[], []]
  if (blob[0] !== VERSION && blob[0] !== WITH_MATCHES) return { matches, entries }
  reader.begin(blob, 1, blob.length)
  if (blob[0] === WITH_MATCHES) takeMatches(blob, matches)
  while (reader.at < reader.end && !reader.failed) {
    const entry = nextEntry(blob)
    if (!reader.failed) entries.push(entry)
  }
  return { matches, entries }
}

function takeMatches(blob: Uint8Array, into: PastMatch[]): void {
  for (let left = reader.next(); left > 0; left--) {
    const key = Buffer.from(blob.subarray(reader.at, reader.at + KEY_BYTES))
    reader.skip(KEY_BYTES)
    const match = { key, namespace: reader.next(), owner: reader.next(), lastDay: reader.next() }
    if (reader.failed) return
    into.push(match)
  }
}

/** The blob with more entries: days and segments of one recipient, channel and reference add up. */
export function mergeEgress(
  blob: Uint8Array,
  added: readonly EgressEntry[],
  { oldestDay, entriesMax }: EgressBounds,
): Uint8Array {
  const isKept = ({ lastDay }: { lastDay: number }) => lastDay >= oldestDay
  const held = unpack(blob)
  const matches = held.matches.filter(isKept)
  const merged = addUp([...held.entries, ...added].filter(isKept))
  if (merged.length <= entriesMax) return pack({ matches, entries: merged })
  const entries = addUp(merged.map((entry) => ({ ...entry, reference: '' })))
  return pack({ matches, entries })
}

/** The blob with more past matches; the same two ids and owner are one. */
export function mergePastMatches(
  blob: Uint8Array,
  added: readonly PastMatch[],
  { oldestDay, matchesMax }: PastMatchBounds,
): Uint8Array {
  const held = unpack(blob)
  const byName = new Map<string, PastMatch>()
  for (const match of [...held.matches, ...added]) {
    if (match.lastDay < oldestDay) continue
    const name = `${Buffer.from(match.key).toString('latin1')} ${match.owner}`
    const lastDay = Math.max(match.lastDay, byName.get(name)?.lastDay ?? 0)
    byName.set(name, { ...match, lastDay })
  }
  const matches = [...byName.values()].sort((a, b) => b.lastDay - a.lastDay)
  return pack({ matches: matches.slice(0, matchesMax), entries: held.entries })
}

/** Whether something of it is from before a day. */
export function isOlderThan(blob: Uint8Array, oldestDay: number): boolean {
  const { matches, entries } = unpack(blob)
  return [...matches, ...entries].some(({ lastDay }) => lastDay < oldestDay)
}

/** The blob without what was given: to whom, and when, is what an erasure is passed on by. */
export function withoutSegments(blob: Uint8Array): Uint8Array {
  const { matches, entries } = unpack(blob)
  const bare = entries.map((entry) => ({ ...entry, reference: '', segments: [] }))
  return pack({ matches, entries: addUp(bare) })
}

function addUp(entries: readonly EgressEntry[]): EgressEntry[] {
  const byName = new Map<string, EgressEntry>()
  for (const entry of entries) {
    const name = `${entry.recipient} ${entry.channel} ${entry.reference}`
    const known = byName.get(name)
    byName.set(name, known ? union(known, entry) : entry)
  }
  return [...byName.values()]
}

function union(a: EgressEntry, b: EgressEntry): EgressEntry {
  return {
    ...a,
    firstDay: Math.min(a.firstDay, b.firstDay),
    lastDay: Math.max(a.lastDay, b.lastDay),
    segments: [...new Set([...a.segments, ...b.segments])].sort((x, y) => x - y),
  }
}

const reader = new VarintReader()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function nextEntry(blob: Uint8Array): EgressEntry {
  const recipient = reader.next()
  const channel = reader.next()
  const firstDay = reader.next()
  const lastDay = reader.next()
  const length = reader.next()
  const reference = decoder.decode(blob.subarray(reader.at, reader.at + length))
  reader.skip(length)
  const segments: number[] = []
  let segment = 0
  for (let left = reader.next(); left > 0 && !reader.failed; left--) {
    segment += reader.next()
    segments.push(segment)
  }
  return { recipient, channel, reference, firstDay, lastDay, segments }
}
