import type { Script } from './ioredis.ts'

/**
 * listpackProbe: says how a hash of a bucket's size is kept, whatever settings may be read.
 *
 *     KEYS  1 a key nobody uses     ARGV  1 entries  2 bytes of the longest value
 *     answer  the encoding (listpack, ziplist, hashtable); the key is gone again
 */
export const listpackScript: Script = {
  name: 'listpackProbe',
  lua: `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'long', string.rep("x", tonumber(ARGV[2])))
for i = 2, tonumber(ARGV[1]) do redis.call('HSET', KEYS[1], i, 1) end
local encoding = redis.call('OBJECT', 'ENCODING', KEYS[1])
redis.call('DEL', KEYS[1])
return encoding
`,
}
