import type { Script } from './ioredis.ts'
import { partsLua } from './pack-parts.ts'

/**
 * learn: for each of some ids, puts a history and the memberships that come of it in place of what was read, with the
 * change-log entry, the next turn of the wheel and the messages counted: all of an id, or nothing where it was
 * changed meanwhile. Ids of one partition stand together.
 *
 *     KEYS  for each partition: its log, the wheel, messages seen today, then for each of its ids: hash of profiles,
 *             of histories
 *     ARGV  1 about how many log entries to keep  2 seconds for which messages are remembered
 *           3 packed (pack-parts.ts) for each partition: how many ids, then for each of them: field, profile read and
 *             put ('' none), history read and put, the packed change ('' none), its bucket, when to wake (0 never),
 *             messages (16 bytes each)
 *     answer  for each id 1 done, 0 the profile was changed meanwhile, -1 the history was
 */
export const learnScript: Script = {
  name: 'learn',
  lua: `${partsLua}
local log, wheel, seen, last
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
  if history ~= nextHistory then put(histories, field, nextHistory) end
  if change ~= '' then note(change) end
  if wake ~= '0' then redis.call('ZADD', wheel, 'LT', wake, bucket) end
  for i = 1, #messages, 16 do redis.call('SADD', seen, string.sub(messages, i, i + 15)) end
  return 1
end
local outcomes, k = {}, 1
local part = partsOf(ARGV[3])
for count in part do
  log, wheel, seen, last = KEYS[k], KEYS[k + 1], KEYS[k + 2], nil
  k = k + 3
  for _ = 1, tonumber(count) do
    outcomes[#outcomes + 1] = learn(KEYS[k], KEYS[k + 1], part)
    k = k + 2
  end
  redis.call('EXPIRE', seen, ARGV[2])
end
return outcomes
`,
}

/**
 * seen: which messages are in any of the sets in which they would be.
 *
 *     KEYS  the sets     ARGV  for each group of messages: place of the first and the last of its sets in KEYS, and the
 *                              messages, 16 bytes each
 *     answer  1 or 0 for each message of the groups, in their order
 */
export const seenScript: Script = {
  name: 'seen',
  lua: `
local found = {}
for g = 1, #ARGV, 3 do
  local before, messages = #found, {}
  for i = 1, #ARGV[g + 2], 16 do
    messages[#messages + 1] = string.sub(ARGV[g + 2], i, i + 15)
    found[before + #messages] = 0
  end
  for k = tonumber(ARGV[g]), tonumber(ARGV[g + 1]) do
    if redis.call('EXISTS', KEYS[k]) == 1 then
      for i, isIn in ipairs(redis.call('SMISMEMBER', KEYS[k], unpack(messages))) do
        if isIn == 1 then found[before + i] = 1 end
      end
    end
  end
end
return found
`,
}
