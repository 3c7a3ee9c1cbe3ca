import type { Script } from './ioredis.ts'

/**
 * tallyApply: applies the next part of a stream, or nothing.
 *
 *     KEYS[1]  {use}:gen, the generation: names every other key, all of which share its slot
 *     ARGV     1 stream  2 seq it must be at  3 position after it, `<seq> <digest>`
 *              4 name of the counter of overflows
 *              5 plain adds, JSON: [[day, field, by], …]
 *              6 entries of which one counts, JSON: [[day, bucket, id, rank, until s, [[day, field, by], …],
 *                among bucket, among id, most ids], …], the last three only where they are among others
 *              7 how long (ms) it is known what changed
 *     answer   the position held where that is another; else nothing
 *
 * What the entry that counts has added is kept beside its rank, as ` <day>/<number>=<by>` each (no day:
 * the entry's own), and taken back when a higher rank comes. What changed goes to a log: `<day>:<number>,<number> …` (c) behind
 * the entry before it (p), by which a reader knows that it has seen that one. HINCRBY takes and keeps 64-bit integers as text,
 * so no number here passes through Lua's doubles.
 */
export const tallyScript: Script = {
  name: 'tallyApply',
  lua: `
local P = '{use}:' .. (redis.call('GET', KEYS[1]) or '0') .. ':'
local held = redis.call('HGET', P .. 'applied', ARGV[1]) or '0 '
if held == ARGV[3] then return false end
if string.match(held, '^%d+') ~= ARGV[2] then return held end

local numbers, days, changed, until_ = {}, {}, {}, {}
local function numberOf(field)
  local number = numbers[field] or redis.call('HGET', P .. 'numbers', field)
  if not number then
    number = tostring(redis.call('HLEN', P .. 'numbers') + 1)
    redis.call('HSET', P .. 'numbers', field, number)
    redis.call('HSET', P .. 'names', number, field)
  end
  numbers[field] = number
  return number
end
local function add(day, number, by)
  if not days[day] then
    days[day] = P .. 'day:' .. day
    redis.call('SADD', P .. 'days', day)
    changed[day] = {}
  end
  changed[day][number] = true
  local done = redis.pcall('HINCRBY', days[day], number, by)
  if type(done) == 'table' and done.err then
    redis.call('HINCRBY', days[day], numberOf(ARGV[4]), 1)
    changed[day][numberOf(ARGV[4])] = true
  end
end
local function negated(by)
  if string.sub(by, 1, 1) == '-' then return string.sub(by, 2) end
  return '-' .. by
end

local function keepUntil(key, time)
  if until_[key] ~= time then
    until_[key] = time
    redis.call('EXPIREAT', key, time)
  end
end
local function isAmong(one)
  if not one[8] then return true end
  local key = P .. 'once:' .. one[1] .. ':' .. one[7]
  if tonumber(redis.call('HGET', key, one[8]) or '0') >= one[9] then return false end
  redis.call('HINCRBY', key, one[8], 1)
  keepUntil(key, one[5])
  return true
end

for _, one in ipairs(cjson.decode(ARGV[5])) do add(one[1], numberOf(one[2]), one[3]) end
for _, one in ipairs(cjson.decode(ARGV[6])) do
  local day, id, rank = one[1], one[3], one[4]
  local key = P .. 'once:' .. day .. ':' .. one[2]
  local known = redis.call('HGET', key, id)
  local counts
  if known then counts = string.match(known, '^%S+') < rank else counts = isAmong(one) end
  if counts then
    if known then
      for on, number, by in string.gmatch(known, ' ([%d-]*)/(%d+)=(-?%d+)') do
        add(on == '' and day or on, number, negated(by))
      end
    end
    local state = { rank }
    for _, change in ipairs(one[6]) do
      local number = numberOf(change[2])
      add(change[1], number, change[3])
      local on = change[1] == day and '' or change[1]
      state[#state + 1] = on .. '/' .. number .. '=' .. change[3]
    end
    redis.call('HSET', key, id, table.concat(state, ' '))
    keepUntil(key, one[5])
  end
end

local changes = {}
for day, set in pairs(changed) do
  local list = {}
  for number in pairs(set) do list[#list + 1] = number end
  changes[#changes + 1] = day .. ':' .. table.concat(list, ',')
end
if #changes > 0 then
  local log, last = P .. 'changes', P .. 'changed'
  local id = redis.call('XADD', log, '*', 'p', redis.call('GET', last) or '', 'c', table.concat(changes, ' '))
  redis.call('SET', last, id)
  redis.call('XTRIM', log, 'MINID', '~', string.format('%d', redis.call('TIME')[1] * 1000 - ARGV[7]))
end
redis.call('HSET', P .. 'applied', ARGV[1], ARGV[3])
return false
`,
}
