import { Kind } from '../../proto/bid-facts.ts'

/**
 * A slow parser that keeps what JSON.parse forgets: the order of members, every duplicate, and where
 * each value stands in bytes. It reads valid JSON only (ask JSON.parse first), and is checked against it.
 */
export interface OrderedValue {
  kind: number
  /** As `Kind` says: text without its quotes, containers with their brackets. */
  start: number
  end: number
  /** Of an object, in order, duplicates too. */
  members: [key: string, value: OrderedValue][]
  /** Of an array. */
  items: OrderedValue[]
}

export function parseOrdered(bytes: Uint8Array): OrderedValue {
  const reader = { text: Buffer.from(bytes).toString('latin1'), at: 0 }
  skipSpace(reader)
  return readValue(reader)
}

/** How many containers stand around the innermost value, itself included where it is one. */
export function depthOf(value: OrderedValue): number {
  if (value.kind !== Kind.array && value.kind !== Kind.object) return 0
  let inner = 0
  for (const item of value.items) inner = Math.max(inner, depthOf(item))
  for (const [, member] of value.members) inner = Math.max(inner, depthOf(member))
  return 1 + inner
}

/** What JSON.parse makes of the same bytes: the last duplicate counts. */
export function plainOf(value: OrderedValue, bytes: Uint8Array): unknown {
  if (value.kind === Kind.array) return value.items.map((item) => plainOf(item, bytes))
  if (value.kind === Kind.object)
    return Object.fromEntries(value.members.map(([key, member]) => [key, plainOf(member, bytes)]))
  const isText = value.kind === Kind.text || value.kind === Kind.escapedText
  const lexeme = Buffer.from(bytes.subarray(value.start, value.end)).toString()
  return JSON.parse(isText ? `"${lexeme}"` : lexeme)
}

interface Reader {
  /** One character a byte. */
  text: string
  at: number
}

const WHITE = new Set([0x20, 0x09, 0x0a, 0x0d])

function skipSpace(reader: Reader): void {
  while (WHITE.has(reader.text.charCodeAt(reader.at))) reader.at++
}

function readValue(reader: Reader): OrderedValue {
  const first = reader.text[reader.at]
  if (first === '{') return readObject(reader)
  if (first === '[') return readArray(reader)
  if (first === '"') return readText(reader)
  const start = reader.at
  while (LEXEME_ENDS.indexOf(reader.text[reader.at] ?? ' ') < 0) reader.at++
  return scalar(WORDS[first ?? ''] ?? Kind.number, start, reader.at)
}

const LEXEME_ENDS = ' \t\n\r,]}'

const WORDS: Record<string, number> = { n: Kind.null, f: Kind.false, t: Kind.true }

function scalar(kind: number, start: number, end: number): OrderedValue {
  return { kind, start, end, members: [], items: [] }
}

function readText(reader: Reader): OrderedValue {
  const start = ++reader.at
  let kind: number = Kind.text
  while (reader.text[reader.at] !== '"') {
    if (reader.text[reader.at] === '\\') {
      kind = Kind.escapedText
      reader.at++
    }
    reader.at++
  }
  return scalar(kind, start, reader.at++)
}

function readArray(reader: Reader): OrderedValue {
  const value = scalar(Kind.array, reader.at, -1)
  readList(reader, ']', () => value.items.push(readValue(reader)))
  return { ...value, end: reader.at }
}

function readObject(reader: Reader): OrderedValue {
  const value = scalar(Kind.object, reader.at, -1)
  readList(reader, '}', () => {
    const key = readText(reader)
    const name = nameOf(reader.text.slice(key.start, key.end))
    skipSpace(reader)
    reader.at++
    skipSpace(reader)
    value.members.push([name, readValue(reader)])
  })
  return { ...value, end: reader.at }
}

function nameOf(latin1: string): string {
  if (/^\w*$/.test(latin1)) return latin1
  return JSON.parse(`"${Buffer.from(latin1, 'latin1').toString()}"`)
}

function readList(reader: Reader, closer: string, readOne: () => void): void {
  reader.at++
  skipSpace(reader)
  while (reader.text[reader.at] !== closer) {
    if (reader.text[reader.at] === ',') {
      reader.at++
      skipSpace(reader)
    }
    readOne()
    skipSpace(reader)
  }
  reader.at++
}
