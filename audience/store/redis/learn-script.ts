import type { Script } from './ioredis.ts'

/**
 * learn: puts a history and the memberships that come of it in place of what was read, with the change-log
 * entry, the next turn of the wheel and the messages counted, atomically.
 *
 *     KEYS  1 the partition's log  2 hash of profiles  3 hash of histories  4 the wheel  5 messages seen today
 *     ARGV  1 about how many log entries to keep  2 field  3, 4 profile read and put ('' none)
 *           5, 6 history read and put  7 the packed change ('' none)  8 the key  9 when to wake (0 never)
 *           10 seconds for which messages are remembered  11 … messages
 *     answer  1 done, 0 the profile was changed meanwhile, -1 the history was; nothing is done then
 */
export const learnScript: Script = {
  name: 'learn',
  lua: `
local field = ARGV[2]
if (redis.call('HGET', KEYS[3], field) or '') ~= ARGV[5] then return -1 end
if (redis.call('HGET', KEYS[2], field) or '') ~= ARGV[3] then return 0 end
local function put(hash, value)
  if value == '' then redis.call('HDEL', hash, field) else redis.call('HSET', hash, field, value) end
end
put(KEYS[2], ARGV[4])
put(KEYS[3], ARGV[6])
if ARGV[7] ~= '' then
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  local number = last and tonumber(last[2][2]) or 0
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'n', number + 1, 'c', ARGV[7])
end
if ARGV[9] == '0' then redis.call('ZREM', KEYS[4], ARGV[8]) else redis.call('ZADD', KEYS[4], ARGV[9], ARGV[8]) end
for i = 11, #ARGV do redis.call('SADD', KEYS[5], ARGV[i]) end
if #ARGV > 10 then redis.call('EXPIRE', KEYS[5], ARGV[10]) end
return 1
`,
}

/**
 * seen: which messages are in any of some sets.
 *
 *     KEYS  the sets     ARGV  messages     answer  1 or 0 for each
 */
export const seenScript: Script = {
  name: 'seen',
  lua: `
local found = {}
for i = 1, #ARGV do
  found[i] = 0
  for k = 1, #KEYS do
    if redis.call('SISMEMBER', KEYS[k], ARGV[i]) == 1 then found[i] = 1 break end
  end
end
return found
`,
}
