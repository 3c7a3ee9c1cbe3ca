import { LIMITS } from '../limits.ts'
import { execAll, type RedisClient, rethrow } from './ioredis.ts'
import { tallyKeys } from './layout.ts'
import { LIMITS as REDIS_LIMITS } from './limits.ts'

/** A place in the log: the generation, and the id of the last entry seen, '' before the first. */
export interface TallyLogPoint {
  generation: string
  id: string
}

/** Numbers of counters that changed, by day. */
export type ChangedNumbers = Map<string, Set<number>>

interface Read {
  changed: ChangedNumbers
  point: TallyLogPoint
  fellOff: boolean
  hasMore: boolean
}

type LogEntry = [id: string, fields: string[]]

const EMPTY = { changed: new Map(), hasMore: false }

export function formatPoint({ generation, id }: TallyLogPoint): string {
  return `${generation} ${id}`
}

export function parsePoint(cursor: string): TallyLogPoint {
  const [generation = '', id = ''] = cursor.split(' ')
  return { generation, id }
}

export async function tallyLogEnd(client: RedisClient): Promise<TallyLogPoint> {
  const generation = (await client.get(tallyKeys('').generation).catch(rethrow)) ?? '0'
  const id = (await client.get(tallyKeys(generation).changed).catch(rethrow)) ?? ''
  return { generation, id }
}

/**
 * What stands behind a point. Each entry names the one before it, so a reader knows where some are gone: trimmed, or lost
 * with a failover. Where nothing is new that is one round trip.
 */
export async function readTallyLog(client: RedisClient, from: TallyLogPoint): Promise<Read> {
  const { changes, changed: last } = tallyKeys(from.generation)
  const asked = client.pipeline().get(tallyKeys('').generation).get(last)
  const [generation, id] = (await execAll(asked)) as (string | null)[]
  if ((generation ?? '0') !== from.generation)
    return { ...EMPTY, point: await tallyLogEnd(client), fellOff: true }
  if ((id ?? '') === from.id) return { ...EMPTY, point: from, fellOff: false }
  const streams = await client
    .xread('COUNT', REDIS_LIMITS.tallyLogCount, 'STREAMS', changes, from.id || '0-0')
    .catch(rethrow)
  const entries = (streams?.[0]?.[1] ?? []) as LogEntry[]
  const read = readOn(from, entries)
  return read ?? { ...EMPTY, point: await tallyLogEnd(client), fellOff: true }
}

/** Undefined where an entry is missing. */
function readOn(from: TallyLogPoint, entries: readonly LogEntry[]): Read | undefined {
  const changed: ChangedNumbers = new Map()
  let { id } = from
  let count = 0
  for (const [next, fields] of entries) {
    if (fields[1] !== id) return undefined
    count += addTo(changed, fields[3]!)
    id = next
    if (count >= LIMITS.tallyChangedMax) break
  }
  if (id === from.id) return undefined
  const isCut = entries.length === REDIS_LIMITS.tallyLogCount || id !== entries.at(-1)![0]
  return { changed, point: { ...from, id }, fellOff: false, hasMore: isCut }
}

/** @returns how many numbers `text` names */
function addTo(changed: ChangedNumbers, text: string): number {
  let count = 0
  for (const part of text.split(' ')) {
    const [day = '', list = ''] = part.split(':')
    const numbers = changed.get(day) ?? new Set()
    changed.set(day, numbers)
    for (const number of list.split(',')) {
      numbers.add(Number(number))
      count++
    }
  }
  return count
}
