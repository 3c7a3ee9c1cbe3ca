import type { Script } from './ioredis.ts'

/**
 * noteSightings: adds to what was seen of a source. Fields hold `count firstMs lastMs`.
 *
 *     KEYS  1 the source's hash     ARGV  1 names there may be  2 what was last seen before makes room
 *                                         3 … name, count, first, last
 *     answer  how many names had no room
 */
export const noteSightingsScript: Script = {
  name: 'noteSightings',
  lua: `
local size, cleared, left = redis.call('HLEN', KEYS[1]), false, 0
local function clear()
  cleared = true
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '(%d+)$')) < tonumber(ARGV[2]) then
      redis.call('HDEL', KEYS[1], all[i])
      size = size - 1
    end
  end
end
for i = 3, #ARGV, 4 do
  local name, count, first, last = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local held = redis.call('HGET', KEYS[1], name)
  if held then
    local c, f, l = string.match(held, '(%d+) (%d+) (%d+)')
    count, first, last = count + tonumber(c), math.min(first, tonumber(f)), math.max(last, tonumber(l))
  elseif size >= tonumber(ARGV[1]) and not cleared then
    clear()
  end
  if held or size < tonumber(ARGV[1]) then
    if not held then size = size + 1 end
    redis.call('HSET', KEYS[1], name, string.format('%.0f %.0f %.0f', count, first, last))
  else
    left = left + 1
  end
end
return left
`,
}

/**
 * holdMessages: puts messages of a source aside; of more than there may be the oldest go.
 *
 *     KEYS  1 the source's stream  2 set of sources with one     ARGV  1 the source  2 how many there may be
 *     3 … when, message
 */
export const holdMessagesScript: Script = {
  name: 'holdMessages',
  lua: `
for i = 3, #ARGV, 2 do redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 't', ARGV[i], 'b', ARGV[i + 1]) end
redis.call('SADD', KEYS[2], ARGV[1])
return 1
`,
}

/**
 * sweepHeld: takes away what was put aside too long ago, and the source's name with its last message. Entries are in
 * order of their ids, and about in that of their times.
 *
 *     KEYS  1 the source's stream  2 set of sources with one     ARGV  1 the source  2 the oldest that stay, ms
 */
export const sweepHeldScript: Script = {
  name: 'sweepHeld',
  lua: `
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
  if tonumber(entry[2][2]) < tonumber(ARGV[2]) then redis.call('XDEL', KEYS[1], entry[1]) end
end
if redis.call('XLEN', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[1])
  redis.call('SREM', KEYS[2], ARGV[1])
end
return 1
`,
}
