import { unpackProfile } from '../../../proto/profile-blob.ts'
import type { UserKey } from '../store.ts'
import { execAll } from './ioredis.ts'
import type { Part } from './layout.ts'
import { LIMITS } from './limits.ts'
import type { Place } from './swap.ts'
import type { Writer } from './writer.ts'

/** Everybody whose profile names the segment, expired or not. */
export async function* holdersOf(writer: Writer, segment: number): AsyncGenerator<UserKey[]> {
  const holds = (blob: Uint8Array) => unpackProfile(blob).some((one) => one.segment === segment)
  yield* keysIn(writer, 'profile', holds)
}

/** Everybody with such a record that fits; visits every bucket, some at a time. */
export async function* keysIn(
  writer: Writer,
  part: Part,
  fits: (blob: Uint8Array) => boolean = () => true,
): AsyncGenerator<UserKey[]> {
  for (let bucket = 0, end = 1; bucket < end; bucket += LIMITS.visitChunk) {
    const found = await writer.write(async (place) => {
      end = place.layout.buckets
      return recordsIn(place, bucket, part)
    })
    const keys = found.filter(({ blob }) => fits(blob)).map(({ key }) => key)
    if (keys.length) yield keys
  }
}

async function recordsIn(
  { client, layout }: Place,
  bucket: number,
  part: Part,
): Promise<{ key: UserKey; blob: Buffer }[]> {
  const pipeline = client.pipeline()
  const end = Math.min(bucket + LIMITS.visitChunk, layout.buckets)
  // Upper case, because ioredis makes text of the fields of `hgetall`.
  for (let at = bucket; at < end; at++) pipeline.callBuffer('HGETALL', layout.hash(part, at))
  const replies = (await execAll(pipeline)) as Buffer[][]
  return replies.flatMap((pairs, i) => {
    const found: { key: UserKey; blob: Buffer }[] = []
    for (let at = 0; at < pairs.length; at += 2)
      found.push({ key: layout.keyOf(bucket + i, pairs[at]!), blob: pairs[at + 1]! })
    return found
  })
}
