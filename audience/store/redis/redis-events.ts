import { type Clock, dayOf } from '../../clock.ts'
import type {
  CountedEvent,
  EventQueue,
  PutAside,
  QuarantinedEvent,
  QueuedEvent,
} from '../event-stores.ts'
import { type Append, GatherAppends } from '../gather-appends.ts'
import { LIMITS } from '../limits.ts'
import type { UserKey } from '../store.ts'
import {
  ackEventsScript,
  appendEventsScript,
  noteCountedScript,
  readEventsScript,
  replayEventsScript,
} from './event-scripts.ts'
import { execAll, type RedisClient, rethrow, runScript } from './ioredis.ts'
import { doneOf, donePartOf, eventKeys, seenOf } from './layout.ts'
import { LIMITS as REDIS_LIMITS } from './limits.ts'
import { packParts } from './pack-parts.ts'
import { QueueBell } from './queue-bell.ts'
import { daysBack } from './seen-question.ts'
import type { Writer } from './writer.ts'

const GROUP = 'desk'
const DAY_S = 86_400
const { queue, aside, counted } = eventKeys

export interface RedisEventsOptions {
  max: number
  clock: Clock
  /** A connection of its own, for whoever waits for events. */
  connectBell: () => RedisClient
}

/**
 * Events in a Redis Stream with a consumer group of one, the desk: what it had in hand when it died is handed to
 * the next one first. An append whose answer was lost is sent again: the message's id keeps it from counting twice.
 */
export class RedisEvents implements EventQueue {
  readonly #writer: Writer
  readonly #max: number
  readonly #clock: Clock
  readonly #appends: GatherAppends
  readonly #connectBell: () => RedisClient
  #bell: QueueBell | undefined
  /** It rang, and nobody read since. */
  #isRung = false
  /** Ids of events that were read and not done with, and when that was asked for last (`clock.elapsed()`). */
  readonly #inHand = new Set<string>()
  #readMs = Number.NEGATIVE_INFINITY
  /** UTC day on which `#forgetInHand` was done last. */
  #forgotDay: number | undefined

  constructor(writer: Writer, { max, clock, connectBell }: RedisEventsOptions) {
    this.#writer = writer
    this.#clock = clock
    this.#connectBell = connectBell
    this.#max = max
    this.#appends = new GatherAppends(max, (appends) => this.#appendAll(appends))
  }

  /** Days before today of which messages may be remembered at ids alone. */
  get daysAtIds(): number {
    const isForgotten = this.#forgotDay === dayOf(this.#clock.now())
    return isForgotten ? REDIS_LIMITS.seenInHandDays : LIMITS.seenDays
  }

  append(events: readonly Uint8Array[]): Promise<void> {
    return this.#appends.add(events)
  }

  read(max: number): Promise<QueuedEvent[]> {
    return this.#writer.write(({ client }) => this.#read(client, max))
  }

  /** Over a connection of its own, from the first who wants it on. */
  onNews(tell: () => void): () => void {
    const ring = () => {
      this.#isRung = true
      tell()
    }
    const bell = new QueueBell(this.#connectBell(), { clock: this.#clock, ring })
    this.#bell = bell
    return () => bell.close()
  }

  /** As far as is known, and that is asked for twice a second. */
  isQuiet(): boolean {
    if (this.#isRung || this.#inHand.size > 0 || !this.#bell?.isAlive) return false
    return this.#clock.elapsed() - this.#readMs < REDIS_LIMITS.queueAskMs
  }

  close(): void {
    this.#bell?.close()
  }

  async ack(
    ids: readonly string[],
    messages: readonly Buffer[] = [],
    readMax = 0,
  ): Promise<QueuedEvent[]> {
    const parts = byPart(messages)
    const today = dayOf(this.#clock.now())
    const keys = [queue, ...[...parts.keys()].map((part) => doneOf(part, today))]
    const sets = [...parts.values()].map((some) => Buffer.concat(some))
    const input = { keys, args: [GROUP, (LIMITS.seenDays + 1) * DAY_S, ids.join(' '), ...sets] }
    const found = await this.#writer.write(async ({ client }) => {
      const acked = ids.length > 0 ? runScript(client, ackEventsScript, input) : undefined
      // Redis does what comes over one connection in its order: what is read was not acknowledged.
      const read = readMax > 0 ? this.#read(client, readMax) : []
      const [events] = await Promise.all([read, acked])
      return events
    })
    for (const id of ids) this.#inHand.delete(id)
    if (this.#forgotDay !== today) await this.#forgetInHand(today)
    return found
  }

  depth(): Promise<number> {
    return this.#writer.write(({ client }) => client.xlen(queue).catch(rethrow))
  }

  async inHand(): Promise<number> {
    const pending = await this.#writer.write(({ client }) =>
      client.xpending(queue, GROUP).catch((error: Error) => {
        // Nobody has read yet.
        if (error.message.startsWith('NOGROUP')) return [0]
        return rethrow(error)
      }),
    )
    return Number(pending[0])
  }

  async quarantine(events: readonly PutAside[]): Promise<void> {
    await this.#writer.write(({ client }) => {
      const work = client.multi()
      for (const { id, body, reason, atMs } of events) {
        const most = ['MAXLEN', '~', LIMITS.quarantineMax] as const
        work.xadd(aside, ...most, '*', 'b', bufferOf(body), 'r', reason, 't', atMs)
        work.xack(queue, GROUP, id).xdel(queue, id)
      }
      return execAll(work)
    })
    for (const { id } of events) this.#inHand.delete(id)
  }

  async quarantined(after: string, max: number): Promise<QuarantinedEvent[]> {
    const start = isId(after) ? `(${after}` : '-'
    const found = await this.#writer.write(({ client }) =>
      client.xrangeBuffer(aside, start, '+', 'COUNT', max).catch(rethrow),
    )
    return found.map(([id, [, body, , reason, , atMs]]) => ({
      id: id.toString(),
      body: body!,
      reason: reason!.toString(),
      atMs: Number(atMs),
    }))
  }

  async replay(ids: readonly string[]): Promise<number> {
    const input = { keys: [queue, aside], args: ids.filter(isId) }
    const count = await this.#writer.write(({ client }) =>
      runScript(client, replayEventsScript, input),
    )
    return Number(count)
  }

  async noteCounted(events: readonly CountedEvent[], nowMs: number): Promise<void> {
    const oldestMs = Math.floor(nowMs - LIMITS.countedMs)
    const parts = packParts(events.flatMap(({ key, body }) => [key, body]))
    const input = { keys: [counted], args: [LIMITS.countedMax, oldestMs, parts] }
    await this.#writer.write(({ client }) => runScript(client, noteCountedScript, input))
  }

  async counted(keys: readonly UserKey[]): Promise<CountedEvent[]> {
    const asked = new Set(keys.map((key) => key.toString('latin1')))
    const found: CountedEvent[] = []
    for (let end = '+'; ; ) {
      const step = await this.#writer.write(({ client }) =>
        client.xrevrangeBuffer(counted, end, '-', 'COUNT', LIMITS.countedReadMax).catch(rethrow),
      )
      for (const [, [, key, , body]] of step)
        if (asked.has(key!.toString('latin1'))) found.push({ key: key!, body: body! })
      if (step.length < LIMITS.countedReadMax) return found
      end = `(${step.at(-1)![0]}`
    }
  }

  /**
   * Where nothing is in hand, all that was counted has been acknowledged, and is known without its id: what is remembered at
   * ids of days gone by may go. A desk that is away does not come here, however long it is.
   */
  async #forgetInHand(today: number): Promise<void> {
    if ((await this.inHand()) > 0) return
    const days = daysBack(today, LIMITS.seenDays).slice(REDIS_LIMITS.seenInHandDays + 1)
    await this.#writer.write(({ client }) => {
      const pipeline = client.pipeline()
      for (let partition = 0; partition < REDIS_LIMITS.partitions; partition++)
        pipeline.unlink(...days.map((day) => seenOf(partition, day)))
      return execAll(pipeline)
    })
    this.#forgotDay = today
  }

  async #read(client: RedisClient, max: number): Promise<QueuedEvent[]> {
    this.#isRung = false
    const askedMs = this.#clock.elapsed()
    const events = await readEvents(client, max)
    this.#readMs = askedMs
    for (const { id } of events) this.#inHand.add(id)
    const last = events.at(-1)
    if (last) this.#bell?.readUpTo(last.id)
    return events
  }

  async #appendAll(appends: readonly Append[]): Promise<boolean[]> {
    const groups = appends.map((events) => [events.length, ...events.map(bufferOf)])
    const input = { keys: [queue], args: [this.#max, ...groups.flat()] }
    const taken = (await this.#writer.write(({ client }) =>
      runScript(client, appendEventsScript, input),
    )) as number[]
    return taken.map((one) => one === 1)
  }
}

async function readEvents(client: RedisClient, max: number): Promise<QueuedEvent[]> {
  const input = { keys: [queue], args: [max, GROUP] }
  const found = (await runScript(client, readEventsScript, input)) as (Buffer | number)[]
  return Array.from({ length: found.length / 3 }, (_, i) => ({
    id: String(found[3 * i]),
    body: found[3 * i + 1] as Buffer,
    attempts: Number(found[3 * i + 2]),
  }))
}

function byPart(messages: readonly Buffer[]): ReadonlyMap<number, Buffer[]> {
  const parts = new Map<number, Buffer[]>()
  for (const message of messages) {
    const part = parts.get(donePartOf(message))
    if (part) part.push(message)
    else parts.set(donePartOf(message), [message])
  }
  return parts
}

function isId(id: string): boolean {
  return /^\d{1,16}-\d{1,16}$/.test(id)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
