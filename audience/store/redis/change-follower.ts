import type { Clock } from '../../clock.ts'
import type { Change, Changes, LogCursor } from '../store.ts'
import { unpackChange } from './change-codec.ts'
import { execAll, pipeScript, type RedisClient, rethrow } from './ioredis.ts'
import { catalogKeys, logs } from './layout.ts'
import { LIMITS } from './limits.ts'
import type { Heard, LogBell, News } from './log-bell.ts'
import {
  formatCursor,
  type LogEntry,
  type LogPoint,
  parseCursor,
  pointOf,
  tailOf,
} from './log-cursor.ts'
import { logTrimScript } from './log-trim-script.ts'

/** Cursors handed out that are kept in parsed form: one for each reader of this process, and spare. */
const knownCursorsMax = 16

/**
 * Reads the change logs of all partitions. A reader fell off where entries it had not seen are gone:
 * the numbers have a gap (trimmed), or the log ends before the reader's place (Redis was restored).
 */
export class ChangeFollower {
  readonly #client: RedisClient
  readonly #clock: Clock
  readonly #bell: LogBell
  #trimmedAt = 0
  /** Cursors that this connection confirmed or handed out. */
  readonly #known = new Map<LogCursor, LogPoint[]>()

  constructor(client: RedisClient, bell: LogBell, clock: Clock) {
    this.#client = client
    this.#bell = bell
    this.#clock = clock
    // Behind a new connection may stand another Redis, or one that lost its last second.
    client.on('close', () => {
      this.#known.clear()
      bell.reset()
    })
  }

  async end(): Promise<LogCursor> {
    return this.#remember(await this.#tails())
  }

  /** See PeopleStore. */
  quietSinceMs(cursor: LogCursor): number | undefined {
    this.#trimWhenDue()
    return this.#known.has(cursor) ? this.#bell.quietSinceMs(cursor) : undefined
  }

  /** See PeopleStore. */
  onNews(tell: () => void): () => void {
    return this.#bell.onRing(tell)
  }

  async since(cursor: LogCursor, max: number): Promise<Changes> {
    this.#trimWhenDue()
    const from = this.#known.get(cursor) ?? (await this.#confirm(cursor))
    if (!from) return this.#startClean()
    const countMax = Math.ceil(max / LIMITS.partitions)
    // Not awaited where the bell has it: its next wait is to begin behind that.
    const heard = this.#bell.heard(cursor) ?? (await this.#read(from, countMax))
    const streams = streamsOf(heard.news)
    const read = readOn(from, streams, max)
    if (!read) return this.#startClean()
    const { changes: entries, points } = read
    const end = entries.length > 0 ? this.#remember(points) : cursor
    // One log may hold more than its share, while all together gave less than was asked for.
    const share = Math.min(countMax, heard.countMax)
    const hasMore = [...streams.values()].some(({ length }) => length >= share)
    if (!hasMore) this.#bell.tell({ cursor: end, points, askedMs: heard.askedMs })
    return { entries, cursor: end, fellOff: false, hasMore }
  }

  async #read(from: readonly LogPoint[], countMax: number): Promise<Heard> {
    const askedMs = this.#clock.elapsed()
    const ids = from.map(({ id }) => id)
    const reply = await this.#client
      .xreadBuffer('COUNT', countMax, 'STREAMS', ...logs, ...ids)
      .catch(rethrow)
    return { news: (reply ?? []) as News, countMax, askedMs }
  }

  /** Every process does; one that finds nothing old costs Redis some microseconds. */
  #trimWhenDue(): void {
    const now = this.#clock.elapsed()
    if (now - this.#trimmedAt < LIMITS.logTrimEveryMs) return
    this.#trimmedAt = now
    const oldest = Math.max(0, Math.floor(this.#clock.now() - LIMITS.logAgeMaxMs))
    const pipeline = this.#client.pipeline()
    for (const log of logs) pipeScript(pipeline, logTrimScript, { keys: [log], args: [oldest] })
    // What fails here is tried again in a minute.
    execAll(pipeline).catch(() => {})
  }

  async #startClean(): Promise<Changes> {
    return { entries: [], cursor: await this.end(), fellOff: true, hasMore: false }
  }

  /** A cursor from elsewhere (disk, an earlier connection) holds where no log ends before it. */
  async #confirm(cursor: LogCursor): Promise<LogPoint[] | undefined> {
    const points = parseCursor(cursor)
    if (!points) return undefined
    const tails = await this.#tails()
    const reached = points.every((point, i) => !isBefore(tails[i]!, point))
    if (reached) this.#remember(points)
    return reached ? points : undefined
  }

  async #tails(): Promise<LogPoint[]> {
    const pipeline = this.#client.pipeline()
    for (const log of logs) pipeline.xrevrangeBuffer(log, '+', '-', 'COUNT', 1)
    const replies = (await execAll(pipeline)) as LogEntry[][]
    return replies.map(tailOf)
  }

  #remember(points: LogPoint[]): LogCursor {
    const cursor = formatCursor(points)
    this.#known.delete(cursor)
    this.#known.set(cursor, points)
    if (this.#known.size > knownCursorsMax) this.#known.delete(this.#known.keys().next().value!)
    return cursor
  }
}

function isBefore(a: LogPoint, b: LogPoint): boolean {
  const [aMs, aSeq] = numbersOf(a.id)
  const [bMs, bSeq] = numbersOf(b.id)
  return a.number < b.number || aMs < bMs || (aMs === bMs && aSeq < bSeq)
}

function numbersOf(id: string): [ms: number, sequence: number] {
  const dash = id.indexOf('-')
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))]
}

/** Of the logs; the bell hears of the catalog, too. */
function streamsOf(news: News): Map<string, LogEntry[]> {
  const streams = new Map(news.map(([name, entries]) => [name.toString('latin1'), entries]))
  streams.delete(catalogKeys.log)
  return streams
}

/**
 * The new entries in order of time and at most `max`, with the places behind them; those left over
 * are read next time. Undefined where entries are missing or cannot be understood.
 */
function readOn(
  from: readonly LogPoint[],
  streams: Map<string, LogEntry[]>,
  max: number,
): { changes: Change[]; points: LogPoint[] } | undefined {
  const found: { ms: number; partition: number; entry: LogEntry; point: LogPoint }[] = []
  for (const [partition, start] of from.entries()) {
    let number = start.number
    for (const entry of streams.get(logs[partition]!) ?? []) {
      const point = pointOf(entry)
      if (point.number !== ++number) return undefined
      found.push({ ms: numbersOf(point.id)[0], partition, entry, point })
    }
  }
  found.sort((a, b) => a.ms - b.ms)
  const points = [...from]
  const changes: Change[] = []
  for (const { partition, entry, point } of found.slice(0, max)) {
    const change = unpackChange(entry[1][3]!)
    if (!change) return undefined
    changes.push(change)
    points[partition] = point
  }
  return { changes, points }
}
