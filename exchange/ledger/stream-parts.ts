import type { TallyEntry } from '../../audience/store/store.ts'
import type { LedgerRecord } from '../usage/ledger-record.ts'
import { LIMITS } from './limits.ts'
import type { PlacedLine } from './read-chain.ts'

/** Lines that are counted at once, and what they come to. */
export interface StreamPart {
  entries: TallyEntry[]
  last: PlacedLine
  lines: number
}

/**
 * Lines as parts, each small enough that the store is not held up by it; up to the first of a kind that this
 * version does not know (`unknown`).
 */
export function streamParts(
  lines: readonly PlacedLine[],
  entriesOf: (record: LedgerRecord) => TallyEntry[] | undefined,
): { parts: StreamPart[]; unknown?: PlacedLine } {
  const parts: StreamPart[] = []
  let part: StreamPart | undefined
  let adds = 0
  for (const line of lines) {
    const entries = entriesOf(line.record as LedgerRecord)
    if (entries === undefined) return { parts, unknown: line }
    const more = entries.reduce((sum, entry) => sum + entry.adds.length, 0)
    if (part === undefined || adds + more > LIMITS.shipAddsMax) {
      part = { entries: [], last: line, lines: 0 }
      parts.push(part)
      adds = 0
    }
    part.entries.push(...entries)
    part.last = line
    part.lines++
    adds += more
  }
  return { parts }
}
