import { VarintReader, writeVarint } from './varint.ts'

/**
 * Who was given what about one id, packed:
 *
 *   version (1 byte) · per entry: recipient · channel · first day · last day · reference length · reference
 *                      · count · count × segment number, as the distance from the one before
 *
 * Numbers are varints, segments ascend. No entries are no bytes at all. Bytes of an unknown version, or cut
 * off, hold what can be read of them and nothing else.
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

export interface EgressBounds {
  /** What was last given before this day is no longer kept. */
  oldestDay: number
  /** Beyond so many entries single deliveries are added up by recipient and channel. */
  entriesMax: number
}

const VERSION = 1

export function packEgress(entries: readonly EgressEntry[]): Uint8Array {
  if (entries.length === 0) return new Uint8Array(0)
  const bytes = [VERSION]
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

export function unpackEgress(blob: Uint8Array): EgressEntry[] {
  const entries: EgressEntry[] = []
  if (blob[0] !== VERSION) return entries
  reader.begin(blob, 1, blob.length)
  while (reader.at < reader.end) {
    const entry = nextEntry(blob)
    if (reader.failed) break
    entries.push(entry)
  }
  return entries
}

/** The blob with more entries: days and segments of one recipient, channel and reference add up. */
export function mergeEgress(
  blob: Uint8Array,
  added: readonly EgressEntry[],
  { oldestDay, entriesMax }: EgressBounds,
): Uint8Array {
  const all = [...unpackEgress(blob), ...added].filter(({ lastDay }) => lastDay >= oldestDay)
  const merged = addUp(all)
  if (merged.length <= entriesMax) return packEgress(merged)
  return packEgress(addUp(merged.map((entry) => ({ ...entry, reference: '' }))))
}

/** The blob without what was given: to whom, and when, is what an erasure is passed on by. */
export function withoutSegments(blob: Uint8Array): Uint8Array {
  const entries = unpackEgress(blob).map((entry) => ({ ...entry, reference: '', segments: [] }))
  return packEgress(addUp(entries))
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
