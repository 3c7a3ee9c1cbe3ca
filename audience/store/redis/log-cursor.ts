import type { LogCursor } from '../store.ts'
import { LIMITS } from './limits.ts'

/** Where a reader stands in one partition's log: an entry's stream id and its number, 0-0 and 0 before the first. */
export interface LogPoint {
  id: string
  number: number
}

const logStart: LogPoint = { id: '0-0', number: 0 }

/** `["<id> <number>", "", …]`, one for each partition; '' where nothing was ever logged. */
export function formatCursor(points: readonly LogPoint[]): LogCursor {
  return JSON.stringify(points.map(({ id, number }) => (number ? `${id} ${number}` : '')))
}

/** Undefined where the text is no cursor of this store. */
export function parseCursor(cursor: LogCursor): LogPoint[] | undefined {
  const texts = listIn(cursor)
  if (texts?.length !== LIMITS.partitions) return undefined
  const points = texts.map(parsePoint)
  return points.every((point) => point !== undefined) ? points : undefined
}

function listIn(cursor: LogCursor): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(cursor)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function parsePoint(text: unknown): LogPoint | undefined {
  if (text === '') return logStart
  const match = typeof text === 'string' && /^(\d{1,16}-\d{1,16}) (\d{1,15})$/.exec(text)
  return match ? { id: match[1]!, number: Number(match[2]) } : undefined
}

/** The point of a stream entry as Redis answers it: `[id, ['n', number, 'c', change]]`. */
export function pointOf([id, fields]: LogEntry): LogPoint {
  return { id: id.toString('latin1'), number: Number(fields[1]) }
}
export type LogEntry = [id: Buffer, fields: Buffer[]]

/** The point of a log's last entry, from `XREVRANGE … COUNT 1`. */
export function tailOf(entries: LogEntry[]): LogPoint {
  return entries[0] ? pointOf(entries[0]) : logStart
}
