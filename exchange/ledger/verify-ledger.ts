import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { StreamPosition } from '../../audience/store/store.ts'
import { readShipped } from './shipped-file.ts'
import { openedMs, STREAM_SUFFIX } from './stream-name.ts'
import { type ChainReport, verifyChain } from './verify-chain.ts'

export type StreamReport = ChainReport & { stream: string }

/**
 * Verifies every stream of a ledger's directory, running or not, against what is known to have been counted of it:
 * what the desk noted in the directory itself, and what the store holds, where that is given.
 */
export async function* verifyLedger(
  dir: string,
  counted: ReadonlyMap<string, StreamPosition> = new Map(),
): AsyncIterable<StreamReport> {
  const shipped = (await readShipped(dir)).streams
  const names = (await readdir(dir)).filter((name) => name.endsWith(STREAM_SUFFIX))
  const here = names.map((name) => name.slice(0, -STREAM_SUFFIX.length)).filter(openedMs)
  for (const stream of here.sort()) {
    const held = later(shipped.get(stream), counted.get(stream))
    const path = join(dir, stream + STREAM_SUFFIX)
    yield { stream, ...(await verifyChain({ path, stream, held })) }
  }
  for (const [stream, { seq, digest }] of shipped)
    if (!here.includes(stream)) yield { stream, ...lost(seq, digest) }
}

function later(
  a: StreamPosition | undefined,
  b: StreamPosition | undefined,
): StreamPosition | undefined {
  return (b?.seq ?? 0) > (a?.seq ?? 0) ? b : a
}

function lost(seq: number, chain: string): ChainReport {
  const damage = { damage: 'file_missing', seq: Math.min(1, seq), offset: 0 } as const
  return { records: 0, chain, before: 0, cutBytes: 0, damage }
}
