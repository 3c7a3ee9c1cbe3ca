import { HISTORY_VERSION } from '../../../proto/history-blob.ts'
import type { UserKey } from '../store.ts'
import { execAll, pipeScript, type Script } from './ioredis.ts'
import { wheelOf } from './layout.ts'
import { LIMITS } from './limits.ts'
import type { Place } from './swap.ts'

/**
 * dueIn: whose time has come in a bucket of histories. When a bucket is to be looked at is the earliest moment of its
 * histories, or an earlier one; where nobody is due, it is set to what it is.
 *
 *     KEYS  1 the partition's wheel  2 hash of histories     ARGV  1 the bucket  2 now  3 version of histories
 *     answer  field and moment of each that is due
 *
 * The moment stands in bytes 2 to 7 of a packed history: proto/history-blob.ts.
 */
export const dueInScript: Script = {
  name: 'dueIn',
  lua: `
local now, found, nextAt = tonumber(ARGV[2]), {}, nil
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local blob, at = all[i + 1], 0
  if #blob > 6 and string.byte(blob) == tonumber(ARGV[3]) then
    for k = 2, 7 do at = at * 256 + string.byte(blob, k) end
  end
  if at > 0 and at <= now then
    found[#found + 1] = all[i]
    found[#found + 1] = string.format('%.0f', at)
  elseif at > 0 and (nextAt == nil or at < nextAt) then
    nextAt = at
  end
end
if #found == 0 then
  if nextAt then redis.call('ZADD', KEYS[1], string.format('%.0f', nextAt), ARGV[1])
  else redis.call('ZREM', KEYS[1], ARGV[1]) end
end
return found
`,
}

/** Milliseconds since the epoch of the earliest turn there is; Infinity where there is none. */
export async function firstTurn({ client }: Place): Promise<number> {
  const pipeline = client.pipeline()
  for (let partition = 0; partition < LIMITS.partitions; partition++)
    pipeline.zrange(wheelOf(partition), '0', '0', 'WITHSCORES')
  const firsts = (await execAll(pipeline)) as string[][]
  return Math.min(...firsts.map(([, atMs]) => (atMs === undefined ? Infinity : Number(atMs))))
}

/** Keys whose time has come, the longest waiting first, at most `max`. */
export async function dueKeys(place: Place, nowMs: number, max: number): Promise<UserKey[]> {
  for (;;) {
    const buckets = await dueBuckets(place, nowMs)
    const found = await dueInBuckets(place, buckets, { nowMs, max })
    // Where nobody is due after all, the wheel is right now: there may be others behind.
    if (found.length === 0 && buckets.length > 0) continue
    found.sort((a, b) => a.atMs - b.atMs)
    return found.slice(0, max).map(({ key }) => key)
  }
}

interface Due {
  key: UserKey
  atMs: number
}

/** As many buckets are read as it takes. */
async function dueInBuckets(
  { client, layout }: Place,
  buckets: readonly number[],
  { nowMs, max }: { nowMs: number; max: number },
): Promise<Due[]> {
  const found: Due[] = []
  for (let from = 0; from < buckets.length && found.length < max; from += LIMITS.dueChunk) {
    const some = buckets.slice(from, from + LIMITS.dueChunk)
    const pipeline = client.pipeline()
    for (const bucket of some) {
      const keys = [wheelOf(layout.partitionOf(bucket)), layout.hash('history', bucket)]
      pipeScript(pipeline, dueInScript, { keys, args: [bucket, nowMs, HISTORY_VERSION] })
    }
    for (const [i, due] of ((await execAll(pipeline)) as Buffer[][]).entries())
      for (let at = 0; at < due.length; at += 2)
        found.push({ key: layout.keyOf(some[i]!, due[at]!), atMs: Number(due[at + 1]) })
  }
  return found
}

/** Numbers of buckets in which somebody may be due, the earliest first. */
async function dueBuckets({ client }: Place, nowMs: number): Promise<number[]> {
  const pipeline = client.pipeline()
  for (let partition = 0; partition < LIMITS.partitions; partition++)
    pipeline.zrangebyscore(
      wheelOf(partition),
      0,
      nowMs,
      'WITHSCORES',
      'LIMIT',
      0,
      LIMITS.dueBuckets,
    )
  const found = ((await execAll(pipeline)) as string[][]).flatMap((pairs) =>
    pairs.flatMap((bucket, i) =>
      i % 2 === 0 ? [{ bucket: Number(bucket), atMs: Number(pairs[i + 1]) }] : [],
    ),
  )
  return found.sort((a, b) => a.atMs - b.atMs).map(({ bucket }) => bucket)
}
