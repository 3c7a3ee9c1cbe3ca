import type { Script } from './ioredis.ts'

/**
 * logTrim: removes entries older than a moment; the last entry stays, since the next is numbered after it.
 *
 *     KEYS  1 a partition's log     ARGV  1 milliseconds since the epoch
 *     answer  how many were removed
 */
export const logTrimScript: Script = {
  name: 'logTrim',
  lua: `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then return 0 end
local oldest = ARGV[1] .. '-0'
if tonumber(string.match(last[1], '^%d+')) < tonumber(ARGV[1]) then oldest = last[1] end
return redis.call('XTRIM', KEYS[1], 'MINID', oldest)
`,
}
