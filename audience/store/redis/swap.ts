import { fetchFieldsMax, fetchInput, fetchScript, type RecordRef } from './fetch-script.ts'
import {
  execAll,
  gatherWrites,
  pipeScript,
  type RedisArgument,
  type RedisClient,
  runScript,
} from './ioredis.ts'
import { type Layout, logOf } from './layout.ts'
import { LIMITS } from './limits.ts'
import { StoreUnreachable } from './store-unreachable.ts'
import { swapScript } from './swap-script.ts'

/** Where records are written: a client, how this Redis is laid out, and the bound of each log. */
export interface Place {
  client: RedisClient
  layout: Layout
  /** Entries kept in one partition's log, about. */
  logEntriesMax: number
}

export interface Rewrite extends RecordRef {
  /** What to put in place of what is held (empty: none), or nothing where it is right already. */
  next: (held: Uint8Array) => Rewritten | undefined
  /** As it was read a moment ago, where it was. */
  seen?: Uint8Array | undefined
}

export interface Rewritten {
  /** Empty removes the record. */
  blob: Uint8Array
  /** Packed change for the log; absent where another record of the same change carries it. */
  change?: Buffer
}

export interface Swap extends RecordRef, Rewritten {
  held: Uint8Array
}

/**
 * Rewrites records that others may be rewriting too: reads them, works out what they should be, and
 * puts that where nobody was faster; who was slower reads again. The records must be distinct.
 * Safe to repeat as a whole: what is done already has no `next`.
 */
export async function rewriteAll(place: Place, rewrites: readonly Rewrite[]): Promise<void> {
  for (let from = 0; from < rewrites.length; from += LIMITS.swapChunk) {
    await rewriteChunk(place, rewrites.slice(from, from + LIMITS.swapChunk))
  }
}

async function rewriteChunk(place: Place, rewrites: Rewrite[]): Promise<void> {
  let pending = rewrites
  for (let round = 0; pending.length; round++) {
    if (round === LIMITS.swapRoundsMax) throw new StoreUnreachable('contended')
    const seen = round === 0 ? pending.flatMap((rewrite) => rewrite.seen ?? []) : []
    const held = seen.length === pending.length ? seen : await readRecords(place, pending)
    const swaps: Swap[] = []
    const askers: Rewrite[] = []
    pending.forEach((rewrite, i) => {
      const next = rewrite.next(held[i]!)
      if (!next) return
      swaps.push({ key: rewrite.key, part: rewrite.part, held: held[i]!, ...next })
      askers.push(rewrite)
    })
    const lost = await swapRecords(place, swaps)
    pending = lost.map((i) => askers[i]!)
  }
}

const empty = new Uint8Array(0)

/** The records as they are held now; empty for none. */
export async function readRecords(
  { client, layout }: Pick<Place, 'client' | 'layout'>,
  refs: readonly RecordRef[],
): Promise<Uint8Array[]> {
  // A pipeline costs this process more than the one script in it.
  if (refs.length <= fetchFieldsMax)
    return orEmpty(await runScript(client, fetchScript, fetchInput(layout, refs)))
  const pipeline = client.pipeline()
  for (let from = 0; from < refs.length; from += fetchFieldsMax) {
    const some = refs.slice(from, from + fetchFieldsMax)
    pipeScript(pipeline, fetchScript, fetchInput(layout, some))
  }
  return (await execAll(pipeline)).flatMap(orEmpty)
}

function orEmpty(values: unknown): Uint8Array[] {
  return (values as (Buffer | null)[]).map((value) => value ?? empty)
}

/** One script for each partition touched. Answers which of the swaps came too late, by index. */
export async function swapRecords(place: Place, swaps: readonly Swap[]): Promise<number[]> {
  if (!swaps.length) return []
  const byPartition = new Map<number, number[]>()
  swaps.forEach(({ key }, i) => {
    const partition = place.layout.partition(key)
    const group = byPartition.get(partition)
    if (group) group.push(i)
    else byPartition.set(partition, [i])
  })
  gatherWrites(place.client)
  const replies = (await Promise.all(
    [...byPartition].map(([partition, group]) => {
      const chosen = group.map((i) => swaps[i]!)
      return runScript(place.client, swapScript, scriptInput(place, partition, chosen))
    }),
  )) as number[][]
  const groups = [...byPartition.values()]
  return replies.flatMap((lost, i) => lost.map((number) => groups[i]![number - 1]!))
}

function scriptInput({ layout, logEntriesMax }: Place, partition: number, swaps: Swap[]) {
  const keys = [logOf(partition)]
  const args: RedisArgument[] = [logEntriesMax]
  for (const { key, part, held, blob, change } of swaps) {
    keys.push(layout.hash(part, layout.bucket(key)))
    args.push(layout.field(key), bufferOf(held), bufferOf(blob), change ?? '')
  }
  return { keys, args }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
