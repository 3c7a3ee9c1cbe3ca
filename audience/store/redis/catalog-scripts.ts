import type { Script } from './ioredis.ts'

/**
 * catalogWrite: writes records under one new version, or none of them.
 *
 *     KEYS  1 records (hash)  2 version (counter)  3 changed (zset: name → version)  4 receipt  5 log (stream of the last version)
 *     ARGV  of record i: 3i-2 its name, 3i-1 the version it must have ('' any), 3i its JSON ('' delete, '=' leave)
 *     answer  the new version, or -i where record i has another version
 *
 * The log is for those who wait (log-bell.ts): where it cannot be written, they find the version by asking. The receipt makes it safe to send again: a write that was done answers its version and does nothing.
 */
export const catalogWriteScript: Script = {
  name: 'catalogWrite',
  lua: `
local done = redis.call('GET', KEYS[4])
if done then return tonumber(done) end
for i = 1, #ARGV / 3 do
  local expected = ARGV[3 * i - 1]
  if expected ~= '' then
    local held = redis.call('HGET', KEYS[1], ARGV[3 * i - 2])
    local version = held and string.match(held, '^%d+') or '0'
    if version ~= expected then return -i end
  end
end
local version = redis.call('INCR', KEYS[2])
for i = 1, #ARGV / 3 do
  local name, json = ARGV[3 * i - 2], ARGV[3 * i]
  if json == '' then
    redis.call('HDEL', KEYS[1], name)
  elseif json ~= '=' then
    redis.call('HSET', KEYS[1], name, version .. ' ' .. json)
  end
  if json ~= '=' then redis.call('ZADD', KEYS[3], version, name) end
end
redis.call('SET', KEYS[4], version, 'EX', 60)
redis.pcall('XADD', KEYS[5], 'MAXLEN', 1, version .. '-0', 'v', version)
return version
`,
}

/**
 * catalogChanges: what was written after a version, read at one moment.
 *
 *     KEYS  1 records  2 version  3 changed     ARGV  1 the version known
 *     answer  [version now, name, held, version of the change, name, held, …]; held is '' when deleted
 */
export const catalogChangesScript: Script = {
  name: 'catalogChanges',
  lua: `
local out = { redis.call('GET', KEYS[2]) or '0' }
local changed = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[1], '+inf', 'WITHSCORES')
for i = 1, #changed, 2 do
  out[#out + 1] = changed[i]
  out[#out + 1] = redis.call('HGET', KEYS[1], changed[i]) or ''
  out[#out + 1] = changed[i + 1]
end
return out
`,
}
