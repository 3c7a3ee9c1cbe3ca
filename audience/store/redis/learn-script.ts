import type { Script } from './ioredis.ts'

/**
 * learn: for each of some ids of one partition, puts a history and the memberships that come of it in place of what
 * was read, with the change-log entry, the next turn of the wheel and the messages counted: all of an id, or
 * nothing where it was changed meanwhile.
 *
 *     KEYS  1 the partition's log  2 the wheel  3 messages seen today  then for each id: hash of profiles, of histories
 *     ARGV  1 about how many log entries to keep  2 seconds for which messages are remembered
 *           then for each id: field, profile read and put ('' none), history read and put, the packed
 *           change ('' none), its bucket, when to wake (0 never), how many messages, messages
 *     answer  for each id 1 done, 0 the profile was changed meanwhile, -1 the history was
 */
export const learnScript: Script = {
  name: 'learn',
  lua: `
local log, wheel, seen = KEYS[1], KEYS[2], KEYS[3]
local last
local function put(hash, field, value)
  if value == '' then redis.call('HDEL', hash, field) else redis.call('HSET', hash, field, value) end
end
local function note(change)
  if not last then
    local entry = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
    last = entry and tonumber(entry[2][2]) or 0
  end
  last = last + 1
  redis.call('XADD', log, 'MAXLEN', '~', ARGV[1], '*', 'n', last, 'c', change)
end
local function learn(profiles, histories, at, messages)
  local field = ARGV[at]
  if (redis.call('HGET', histories, field) or '') ~= ARGV[at + 3] then return -1 end
  if (redis.call('HGET', profiles, field) or '') ~= ARGV[at + 1] then return 0 end
  if ARGV[at + 1] ~= ARGV[at + 2] then put(profiles, field, ARGV[at + 2]) end
  put(histories, field, ARGV[at + 4])
  if ARGV[at + 5] ~= '' then note(ARGV[at + 5]) end
  if ARGV[at + 7] ~= '0' then redis.call('ZADD', wheel, 'LT', ARGV[at + 7], ARGV[at + 6]) end
  for i = at + 9, at + 8 + messages do redis.call('SADD', seen, ARGV[i]) end
  return 1
end
local outcomes = {}
local at = 3
for k = 4, #KEYS, 2 do
  local messages = tonumber(ARGV[at + 8])
  outcomes[#outcomes + 1] = learn(KEYS[k], KEYS[k + 1], at, messages)
  at = at + 9 + messages
end
redis.call('EXPIRE', seen, ARGV[2])
return outcomes
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
for i = 1, #ARGV do found[i] = 0 end
for k = 1, #KEYS do
  if redis.call('EXISTS', KEYS[k]) == 1 then
    for i = 1, #ARGV do
      if found[i] == 0 then found[i] = redis.call('SISMEMBER', KEYS[k], ARGV[i]) end
    end
  end
end
return found
`,
}
