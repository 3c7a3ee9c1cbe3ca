import type { Script } from './ioredis.ts'
import { partsLua } from './pack-parts.ts'

/**
 * appendEvents: adds groups of events to the queue, each group whole or not at all.
 *
 *     KEYS  1 the queue     ARGV  1 how many may wait  then for each group: how many, events
 *     answer  for each group 1, or 0 where there is no room
 */
export const appendEventsScript: Script = {
  name: 'appendEvents',
  lua: `
local room = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[1])
local taken = {}
local at = 2
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  if last - at <= room then
    room = room - (last - at)
    for i = at + 1, last do redis.call('XADD', KEYS[1], '*', 'b', ARGV[i]) end
    taken[#taken + 1] = 1
  else
    taken[#taken + 1] = 0
  end
  at = last + 1
end
return taken
`,
}

/**
 * readEvents: the oldest events that are not acknowledged: those the reader had in hand before, then new ones. Redis
 * counts how often each was handed out.
 *
 *     KEYS  1 the queue     ARGV  1 how many  2 name of the group and of its one consumer
 *     answer  id, event, how often it was handed out, for each
 */
export const readEventsScript: Script = {
  name: 'readEvents',
  lua: `
local queue, count, group = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local found = {}
local function ask(from, most)
  return redis.pcall('XREADGROUP', 'GROUP', group, group, 'COUNT', most, 'STREAMS', queue, from)
end
local function take(from, most)
  local streams = ask(from, most)
  if streams and streams.err then
    redis.pcall('XGROUP', 'CREATE', queue, group, '0', 'MKSTREAM')
    streams = ask(from, most)
    if streams and streams.err then error(streams.err, 0) end
  end
  for _, entry in ipairs(streams and streams[1] and streams[1][2] or {}) do found[#found + 1] = entry end
end
take('0', count)
if #found < count then take('>', count - #found) end
local answer = {}
if #found == 0 then return answer end
local handed = {}
for _, one in ipairs(redis.call('XPENDING', queue, group, '-', '+', count, group)) do handed[one[1]] = one[4] end
for _, entry in ipairs(found) do
  if entry[2] then
    answer[#answer + 1] = entry[1]
    answer[#answer + 1] = entry[2][2]
    answer[#answer + 1] = handed[entry[1]] or 1
  else
    redis.call('XACK', queue, group, entry[1])
  end
end
return answer
`,
}

/**
 * ackEvents: is done with events, and remembers the messages counted of them. Of ids that are gone already nothing is told.
 *
 *     KEYS  1 the queue  then sets of messages done with     ARGV  1 name of the group  2 seconds for which messages are
 *           remembered  3 ids, with a blank between  then for each set: its messages, 16 bytes each
 */
export const ackEventsScript: Script = {
  name: 'ackEvents',
  lua: `
local function eachMany(all, run)
  for from = 1, #all, 1000 do run(unpack(all, from, math.min(from + 999, #all))) end
end
local ids = {}
for id in string.gmatch(ARGV[3], '%S+') do ids[#ids + 1] = id end
eachMany(ids, function(...)
  redis.call('XACK', KEYS[1], ARGV[1], ...)
  redis.call('XDEL', KEYS[1], ...)
end)
for k = 2, #KEYS do
  local messages = {}
  for i = 1, #ARGV[k + 2], 16 do messages[#messages + 1] = string.sub(ARGV[k + 2], i, i + 15) end
  eachMany(messages, function(...) redis.call('SADD', KEYS[k], ...) end)
  redis.call('EXPIRE', KEYS[k], ARGV[2])
end
`,
}

/**
 * replayEvents: queues what was put aside once more.
 *
 *     KEYS  1 the queue  2 what was put aside     ARGV  ids     answer  how many there were
 */
export const replayEventsScript: Script = {
  name: 'replayEvents',
  lua: `
local count = 0
for i = 1, #ARGV do
  local entry = redis.call('XRANGE', KEYS[2], ARGV[i], ARGV[i])[1]
  if entry then
    redis.call('XADD', KEYS[1], '*', 'b', entry[2][2])
    redis.call('XDEL', KEYS[2], ARGV[i])
    count = count + 1
  end
end
return count
`,
}

/**
 * noteCounted: remembers events that were counted, the last ones of all, and none too long.
 *
 *     KEYS  1 what is remembered     ARGV  1 about how many  2 milliseconds since the epoch: what is older goes
 *                                          3 packed (pack-parts.ts) for each: key, event
 */
export const noteCountedScript: Script = {
  name: 'noteCounted',
  lua: `${partsLua}
local part = partsOf(ARGV[3])
for key in part do redis.call('XADD', KEYS[1], '*', 'k', key, 'b', part()) end
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[1])
redis.call('XTRIM', KEYS[1], 'MINID', '~', ARGV[2])
`,
}
