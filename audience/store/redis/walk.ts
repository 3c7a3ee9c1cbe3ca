import type { KeptPart } from '../store.ts'
import { execAll } from './ioredis.ts'
import type { Part } from './layout.ts'
import { LIMITS } from './limits.ts'
import type { Place } from './swap.ts'
import type { Writer } from './writer.ts'

/** All that is kept of one part; visits every bucket, some at a time. */
export async function* walkAll(writer: Writer, part: Part): AsyncGenerator<KeptPart[]> {
  for (let bucket = 0, end = 1; bucket < end; bucket += LIMITS.visitChunk) {
    const found = await writer.write(async (place) => {
      end = place.layout.buckets
      return partsIn(place, { bucket, part })
    })
    if (found.length) yield found
  }
}

/** What is kept of a part in some buckets, from one on and before `end`; by default as many as are visited at once. */
export async function partsIn(
  { client, layout }: Pick<Place, 'client' | 'layout'>,
  { bucket, part, ...more }: { bucket: number; part: Part; end?: number },
): Promise<KeptPart[]> {
  const pipeline = client.pipeline()
  const end = more.end ?? Math.min(bucket + LIMITS.visitChunk, layout.buckets)
  // Upper case, because ioredis makes text of the fields of `hgetall`.
  for (let at = bucket; at < end; at++) pipeline.callBuffer('HGETALL', layout.hash(part, at))
  const replies = (await execAll(pipeline)) as Buffer[][]
  return replies.flatMap((pairs, i) => {
    const kept: KeptPart[] = []
    for (let at = 0; at < pairs.length; at += 2)
      kept.push({ key: layout.keyOf(bucket + i, pairs[at]!), bytes: pairs[at + 1]! })
    return kept
  })
}
