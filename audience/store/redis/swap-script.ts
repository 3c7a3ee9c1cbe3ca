import type { Script } from './ioredis.ts'

/**
 * swap: replaces fields that still hold what was read, each with its change-log entry, atomically.
 *
 *     KEYS[1]     the partition's log      KEYS[1+i]  the hash of item i (same partition)
 *     ARGV[1]     about how many log entries to keep
 *     ARGV[4i-2 … 4i+1]  of item i: field, what was read ('' none), what to put ('' none),
 *                        the packed change ('' none)
 *     answer      the numbers i of the items that somebody else changed first; nothing of those is done
 *
 * Log entries are numbered (`n`) without gaps, so that a reader sees when some are missing.
 */
export const swapScript: Script = {
  name: 'swap',
  lua: `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local number = last and tonumber(last[2][2]) or 0
local lost = {}
for i = 1, #KEYS - 1 do
  local hash = KEYS[i + 1]
  local field, old, new, change = ARGV[4 * i - 2], ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1]
  if (redis.call('HGET', hash, field) or '') ~= old then
    lost[#lost + 1] = i
  else
    if new == '' then redis.call('HDEL', hash, field) else redis.call('HSET', hash, field, new) end
    if change ~= '' then
      number = number + 1
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'n', number, 'c', change)
    end
  end
end
return lost
`,
}
