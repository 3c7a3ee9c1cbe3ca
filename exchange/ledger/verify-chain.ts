import { open } from 'node:fs/promises'
import type { StreamPosition } from '../../audience/store/store.ts'
import { type ChainHandle, readSpan } from './chain-files.ts'
import { chainStart, statedChain } from './chain-line.ts'
import { LIMITS } from './limits.ts'
import type { ChainDamage, ChainPlace } from './read-chain.ts'
import { walkChain } from './walk-chain.ts'

export interface VerifyOptions {
  path: string
  /** What the chain begins with. */
  stream: string
  /** A record that is known to have been in it, with its hash: its absence is damage. */
  held?: StreamPosition | undefined
  /** Lines without a chain may stand before its first; they are held by it. */
  mayBeginLater?: boolean
}

/** What a chained file holds, and the first thing that is wrong with it. */
export interface ChainReport {
  /** Records found whole, up to the damage. */
  records: number
  /** Hash of the last of them. */
  chain: string
  /** Lines from before the chain began. */
  before: number
  /** Bytes behind the last line that are none: being written, or cut off by a crash before anybody was told of them. */
  cutBytes: number
  damage?: ChainDamage
}

/** Reads a chained file from its beginning to its end. */
export async function verifyChain(options: VerifyOptions): Promise<ChainReport> {
  const file = await open(options.path, 'r')
  try {
    return await verify(file, options)
  } finally {
    await file.close()
  }
}

async function verify(
  file: ChainHandle,
  { stream, held, mayBeginLater = false }: VerifyOptions,
): Promise<ChainReport> {
  const begin = mayBeginLater ? await chainBegin(file) : { offset: 0, lines: 0 }
  const prefix = await readSpan(file, 0, begin.offset)
  let place: ChainPlace = { ...chainStart(stream, prefix), offset: begin.offset }
  let damage: ChainDamage | undefined
  for await (const part of walkChain(file, place)) {
    const known = part.lines.find(({ seq }) => seq === held?.seq)
    if (known && known.chain !== held?.digest)
      damage = { damage: 'changed', seq: known.seq, offset: known.offset }
    damage ??= part.damage
    place = part.place
  }
  const { seq: records, chain, offset } = place
  if (!damage && held && held.seq > records)
    damage = { damage: 'end_missing', seq: records + 1, offset }
  const cutBytes = damage ? 0 : (await file.stat()).size - offset
  return { records, chain, before: begin.lines, cutBytes, ...(damage ? { damage } : {}) }
}

/** Where the first line with a chain stands, and how many stand before it. */
async function chainBegin(file: ChainHandle): Promise<{ offset: number; lines: number }> {
  let [offset, lines] = [0, 0]
  for (;;) {
    const bytes = await readSpan(file, offset, offset + LIMITS.readBytes)
    let at = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      if (statedChain(bytes.subarray(at, end)) !== undefined) return { offset: offset + at, lines }
      at = end + 1
      lines++
    }
    if (at === 0) return { offset, lines }
    offset += at
  }
}

const NEWLINE = 10
