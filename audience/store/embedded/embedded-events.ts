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
import type { EmbeddedDb } from './lmdb.ts'
import { stepsOf } from './steps-of.ts'

const LAST_EVENT = 'lastEvent'
const LAST_ASIDE = 'lastAside'
const LAST_COUNTED = 'lastCounted'
const KEY_BYTES = 16
const TIME_BYTES = 6
const ATTEMPTS_MAX = 255

/** Events in LMDB, numbered 1, 2, 3 …: `attempts u8 | body` under the number; what is acknowledged is removed. */
export class EmbeddedEvents implements EventQueue {
  readonly #db: EmbeddedDb
  readonly #max: number
  readonly #appends: GatherAppends
  /** No event is older than this one: numbers only grow. */
  #oldest = 0

  constructor(db: EmbeddedDb, max: number) {
    this.#db = db
    this.#max = max
    this.#appends = new GatherAppends(max, (appends) => this.#appendAll(appends))
  }

  append(events: readonly Uint8Array[]): Promise<void> {
    return this.#appends.add(events)
  }

  async read(max: number, isCounted = false): Promise<QueuedEvent[]> {
    if (isCounted)
      return this.#db.transact(() => this.#first(max).map((one) => this.#countReading(one)))
    this.#db.refresh()
    return this.#first(max)
  }

  async ack(
    ids: readonly string[],
    _messages?: readonly Buffer[],
    readMax = 0,
  ): Promise<QueuedEvent[]> {
    if (ids.length > 0)
      await this.#db.transact(() => {
        for (const id of ids) this.#db.events.remove(keyOf(id))
      })
    return readMax > 0 ? this.read(readMax) : []
  }

  async depth(): Promise<number> {
    this.#db.refresh()
    return this.#count()
  }

  /** Reading leaves no trace here. */
  inHand(): Promise<number> {
    return this.depth()
  }

  async quarantine(events: readonly PutAside[]): Promise<void> {
    await this.#db.transact(() => {
      for (const event of events) {
        this.#db.quarantine.put(numberKey(this.#next(LAST_ASIDE)), packAside(event))
        this.#db.events.remove(keyOf(event.id))
      }
      const surplus = this.#db.quarantine.getKeysCount() - LIMITS.quarantineMax
      if (surplus <= 0) return
      for (const key of [...this.#db.quarantine.getKeys({ limit: surplus })])
        this.#db.quarantine.remove(key)
    })
  }

  async quarantined(after: string, max: number): Promise<QuarantinedEvent[]> {
    this.#db.refresh()
    const start = isId(after) ? { start: keyOf(after), exclusiveStart: true } : {}
    const found = [...this.#db.quarantine.getRange({ ...start, limit: max })]
    return found.map(({ key, value }) => ({ ...unpackAside(value), id: idOf(key) }))
  }

  async replay(ids: readonly string[]): Promise<number> {
    return this.#db.transact(() => {
      let count = 0
      for (const id of ids.filter(isId)) {
        const held = this.#db.quarantine.getBinary(keyOf(id))
        if (held === undefined) continue
        this.#push([unpackAside(held).body])
        this.#db.quarantine.remove(keyOf(id))
        count++
      }
      return count
    })
  }

  async noteCounted(events: readonly CountedEvent[], nowMs: number): Promise<void> {
    const head = Buffer.alloc(TIME_BYTES)
    head.writeUIntBE(nowMs, 0, TIME_BYTES)
    await this.#db.transact(() => {
      let number = this.#db.meta.get(LAST_COUNTED) ?? 0
      for (const { key, body } of events)
        this.#db.counted.put(numberKey(++number), Buffer.concat([head, key, body]))
      this.#db.meta.put(LAST_COUNTED, number)
      const limit = 2 * events.length + 1
      for (const { key, value } of [...this.#db.counted.getRange({ limit })]) {
        const isSurplus = Number(key.readBigUInt64BE()) <= number - LIMITS.countedMax
        const isOld = value.readUIntBE(0, TIME_BYTES) < nowMs - LIMITS.countedMs
        if (!isSurplus && !isOld) return
        this.#db.counted.remove(key)
      }
    })
  }

  async counted(keys: readonly UserKey[]): Promise<CountedEvent[]> {
    const asked = new Set(keys.map((key) => key.toString('latin1')))
    const found: CountedEvent[] = []
    const from = TIME_BYTES + KEY_BYTES
    for await (const step of stepsOf(this.#db.counted))
      for (const { value } of step) {
        const key = Buffer.from(value.subarray(TIME_BYTES, from))
        if (asked.has(key.toString('latin1')))
          found.push({ key, body: Buffer.from(value.subarray(from)) })
      }
    return found.reverse()
  }

  #first(max: number): QueuedEvent[] {
    const found = [...this.#db.events.getRange({ limit: max })]
    return found.map(({ key, value }) => ({
      id: idOf(key),
      body: Buffer.from(value.subarray(1)),
      attempts: value[0]!,
    }))
  }

  #countReading(event: QueuedEvent): QueuedEvent {
    const attempts = Math.min(event.attempts + 1, ATTEMPTS_MAX)
    this.#db.events.put(keyOf(event.id), record(attempts, event.body))
    return { ...event, attempts }
  }

  /** One transaction, and so one sync to disk. */
  #appendAll(appends: readonly Append[]): Promise<boolean[]> {
    return this.#db.transact(() => {
      let room = this.#roomFor(appends.reduce((sum, { length }) => sum + length, 0))
      const taken = appends.map(({ length }) => {
        const isTaken = length <= room
        if (isTaken) room -= length
        return isTaken
      })
      this.#push(appends.filter((_, i) => taken[i]).flat())
      return taken
    })
  }

  /** How many may be added; looked up anew only where what is known does not let so many in. */
  #roomFor(events: number): number {
    const last = this.#db.meta.get(LAST_EVENT) ?? 0
    const room = () => this.#max - (last - this.#oldest + 1)
    if (room() < events) this.#oldest = last + 1 - this.#count()
    return room()
  }

  #push(bodies: readonly Uint8Array[]): void {
    let number = this.#db.meta.get(LAST_EVENT) ?? 0
    for (const body of bodies) this.#db.events.put(numberKey(++number), record(0, body))
    this.#db.meta.put(LAST_EVENT, number)
  }

  #next(counter: string): number {
    const number = (this.#db.meta.get(counter) ?? 0) + 1
    this.#db.meta.put(counter, number)
    return number
  }

  /** Events are done with in about their order: what lies between the first and the last of them is there. */
  #count(): number {
    for (const key of this.#db.events.getKeys({ limit: 1 }))
      return (this.#db.meta.get(LAST_EVENT) ?? 0) - Number(key.readBigUInt64BE()) + 1
    return 0
  }
}

function record(attempts: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(1 + body.length)
  bytes[0] = attempts
  bytes.set(body, 1)
  return bytes
}

/** `atMs (6 bytes) | length of the reason (2 bytes) | reason | body`. */
function packAside({ atMs, reason, body }: PutAside): Buffer {
  const text = Buffer.from(reason).subarray(0, 0xffff)
  const head = Buffer.alloc(8)
  head.writeUIntBE(atMs, 0, 6)
  head.writeUInt16BE(text.length, 6)
  return Buffer.concat([head, text, body])
}

function unpackAside(bytes: Buffer): Omit<PutAside, 'id'> {
  const end = 8 + bytes.readUInt16BE(6)
  return {
    atMs: bytes.readUIntBE(0, 6),
    reason: bytes.toString('utf8', 8, end),
    body: Buffer.from(bytes.subarray(end)),
  }
}

function numberKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(8)
  key.writeUInt32BE(Math.floor(number / 2 ** 32), 0)
  key.writeUInt32BE(number % 2 ** 32, 4)
  return key
}

function isId(id: string): boolean {
  return /^[0-9a-f]{16}$/.test(id)
}

function keyOf(id: string): Buffer {
  return Buffer.from(id, 'hex')
}

function idOf(key: Buffer): string {
  return key.toString('hex')
}
