import { unpackProfile } from '../../../proto/profile-blob.ts'
import type { UserKey } from '../store.ts'
import { execAll } from './ioredis.ts'
import { LIMITS } from './limits.ts'
import type { Place } from './swap.ts'
import type { Writer } from './writer.ts'

/** Everybody whose profile names the segment, expired or not; visits every bucket, some at a time. */
export async function* holdersOf(writer: Writer, segment: number): AsyncGenerator<UserKey[]> {
  for (let bucket = 0, end = 1; bucket < end; bucket += LIMITS.visitChunk) {
    const found = await writer.write(async (place) => {
      end = place.layout.buckets
      return holdersIn(place, { bucket, segment })
    })
    if (found.length) yield found
  }
}

async function holdersIn(
  { client, layout }: Place,
  { bucket, segment }: { bucket: number; segment: number },
): Promise<UserKey[]> {
  const pipeline = client.pipeline()
  const end = Math.min(bucket + LIMITS.visitChunk, layout.buckets)
  // Upper case, because ioredis makes text of the fields of `hgetall`.
  for (let at = bucket; at < end; at++) pipeline.callBuffer('HGETALL', layout.hash('profile', at))
  const replies = (await execAll(pipeline)) as Buffer[][]
  return replies.flatMap((pairs, i) => {
    const keys: UserKey[] = []
    for (let at = 0; at < pairs.length; at += 2) {
      const holds = unpackProfile(pairs[at + 1]!).some((one) => one.segment === segment)
      if (holds) keys.push(layout.keyOf(bucket + i, pairs[at]!))
    }
    return keys
  })
}
