import { type ChainHandle, readSpan } from './chain-files.ts'
import { type ChainEnd, statedChain } from './chain-line.ts'
import { LIMITS } from './limits.ts'
import type { ChainPlace } from './read-chain.ts'

const NEWLINE = 10

/** The last whole line as it states itself, unchecked; undefined where it is none of a chain. */
export async function lastLine(file: ChainHandle, size: number): Promise<ChainPlace | undefined> {
  const offset = await lineStart(file, size)
  if (offset === 0) return undefined
  const line = await readSpan(file, await lineStart(file, offset - 1), offset - 1)
  const chain = statedChain(line)
  if (chain === undefined) return undefined
  try {
    const { seq } = JSON.parse(line.toString('utf8')) as ChainEnd
    return { seq, chain, offset }
  } catch {
    return undefined
  }
}

/** Where the line begins that `end` stands in: behind the last newline before it. */
export async function lineStart(file: ChainHandle, end: number): Promise<number> {
  for (let to = end; to > 0; ) {
    const from = Math.max(0, to - LIMITS.readBytes)
    const at = (await readSpan(file, from, to)).lastIndexOf(NEWLINE)
    if (at >= 0) return from + at + 1
    to = from
  }
  return 0
}
