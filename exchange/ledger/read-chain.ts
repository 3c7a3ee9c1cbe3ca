import { type ChainEnd, type ChainLine, dueChain, statedChain } from './chain-line.ts'
import type { ChainDamageWord } from './reasons.ts'

const NEWLINE = 10

/** A place in a chained file: behind a line. */
export interface ChainPlace extends ChainEnd {
  offset: number
}

export interface ChainDamage {
  damage: ChainDamageWord
  /** Number of the line that should stand here. */
  seq: number
  offset: number
}

/** A line that was read, and the place behind it. */
export type PlacedLine = ChainLine & ChainPlace

export interface ChainPart {
  lines: PlacedLine[]
  /** Behind the last of them. */
  place: ChainPlace
  /** What stands at `place` and is not the next line; all behind it is unknown. */
  damage?: ChainDamage | undefined
}

/**
 * Reads the whole lines of `bytes`, which stand at `from` in the file, and checks each against the chain. A
 * last line without its newline is not read: it is being written, or a crash cut it off before anybody was
 * told of it.
 */
export function readChain(bytes: Buffer, from: ChainPlace): ChainPart {
  const lines: PlacedLine[] = []
  let place = from
  for (let at = 0; ; ) {
    const end = bytes.indexOf(NEWLINE, at)
    if (end < 0) return { lines, place }
    const found = readLine(bytes.subarray(at, end), place)
    if (typeof found === 'string')
      return { lines, place, damage: { damage: found, seq: place.seq + 1, offset: place.offset } }
    at = end + 1
    place = { seq: found.seq, chain: found.chain, offset: from.offset + at }
    lines.push({ ...found, offset: place.offset })
  }
}

function readLine(bytes: Buffer, after: ChainEnd): ChainLine | ChainDamageWord {
  const stated = statedChain(bytes)
  const line = parsed(bytes)
  if (line === undefined) return 'unreadable'
  if (stated !== undefined && stated === dueChain(after, bytes)) return line
  return line.seq === after.seq + 1 ? 'changed' : 'out_of_place'
}

function parsed(bytes: Buffer): ChainLine | undefined {
  try {
    const line = JSON.parse(bytes.toString('utf8')) as ChainLine | null
    return Number.isSafeInteger(line?.seq) ? (line as ChainLine) : undefined
  } catch {
    return undefined
  }
}
