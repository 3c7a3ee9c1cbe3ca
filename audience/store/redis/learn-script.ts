import type { Script } from './ioredis.ts'
import { partsLua } from './pack-parts.ts'

/**
 * learn: for each of some ids of one partition, puts a history and the memberships that come of it in place of what
 * was read, with the change-log entry, the next turn of the wheel and the messages counted: all of an id, or
 * nothing where it was changed meanwhile.
 *
 *     KEYS  1 the partition's log  2 the wheel  3 messages seen today  then for each id: hash of profiles, of histories
 *     ARGV  1 about how many log entries to keep  2 seconds for which messages are remembered
 *           3 packed (pack-parts.ts) for each id: field, profile read and put ('' none), history read and put, the
 *             packed change ('' none), its bucket, when to wake (0 never), messages (16 bytes each)
 *     answer  for each id 1 done, 0 the profile was changed meanwhile, -1 the history was
 */
export const learnScript: Script = {
  name: 'learn',
  lua: `${partsLua}
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
local function learn(profiles, histories, part)
  local field, profile, nextProfile, history, nextHistory = part(), part(), part(), part(), part()
  local change, bucket, wake, messages = part(), part(), part(), part()
  if (redis.call('HGET', histories, field) or '') ~= history then return -1 end
  if (redis.call('HGET', profiles, field) or '') ~= profile then return 0 end
  if profile ~= nextProfile then put(profiles, field, nextProfile) end
  put(histories, field, nextHistory)
  if change ~= '' then note(change) end
  if wake ~= '0' then redis.call('ZADD', wheel, 'LT', wake, bucket) end
  for i = 1, #messages, 16 do redis.call('SADD', seen, string.sub(messages, i, i + 15)) end
  return 1
end
local outcomes = {}
local part = partsOf(ARGV[3])
for k = 4, #KEYS, 2 do outcomes[#outcomes + 1] = learn(KEYS[k], KEYS[k + 1], part) end
redis.call('EXPIRE', seen, ARGV[2])
return outcomes
`,
}

/**
 * seen: which messages are in any of some sets.
 *
 *     KEYS  the sets     ARGV  1 messages, 16 bytes each     answer  1 or 0 for each
 */
export const seenScript: Script = {
  name: 'seen',
  lua: `
local found, messages = {}, {}
for i = 1, #ARGV[1], 16 do
  messages[#messages + 1] = string.sub(ARGV[1], i, i + 15)
  found[#found + 1] = 0
end
for k = 1, #KEYS do
  if redis.call('EXISTS', KEYS[k]) == 1 then
    for i = 1, #messages do
      if found[i] == 0 then found[i] = redis.call('SISMEMBER', KEYS[k], messages[i]) end
    end
  end
end
return found
`,
}

/**
 * doneWith: which messages are in sets that are parted by the first three bits of a message.
 *
 *     KEYS  for each part (0 to 7) its sets, as many as the others have     ARGV  1 messages, 16 bytes each
 *     answer  1 or 0 for each
 */
export const doneWithScript: Script = {
  name: 'doneWith',
  lua: `
local found, sets = {}, #KEYS / 8
for at = 1, #ARGV[1], 16 do
  local message = string.sub(ARGV[1], at, at + 15)
  local first, isIn = math.floor(string.byte(message) / 32) * sets, 0
  for k = first + 1, first + sets do
    if isIn == 0 then isIn = redis.call('SISMEMBER', KEYS[k], message) end
  end
  found[#found + 1] = isIn
end
return found
`,
}
