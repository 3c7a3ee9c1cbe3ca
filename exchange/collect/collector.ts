import type { Audience } from '../../audience/audience.ts'
import type { Clock } from '../../audience/clock.ts'
import { type CollectedEvent, packEvent } from '../../audience/events/collected-event.ts'
import { EVENT_LIMITS } from '../../audience/events/limits.ts'
import { type MessageType, readMessage } from '../../audience/events/read-message.ts'
import { RuleBooks } from '../../audience/events/rule-book.ts'
import type { Problem } from '../../audience/refusal.ts'
import { ownerOf } from './owner-of.ts'
import { type CollectSource, SourceRings } from './source-ring.ts'

/** Messages of one request. */
export interface Delivery {
  messages: readonly unknown[]
  /** Kind of the endpoint; undefined: each message says it. */
  type: MessageType | undefined
  sentAt: unknown
  /** Bytes of the request: where they are few, no message can be too long. */
  bytes: number
  /** Whether what a message says of consent, or what stands for all of them, lets it be kept. */
  permits(message: unknown): boolean
}

/** A message of which nothing is kept. `message` counts from 0. */
export interface MessageFault extends Problem {
  message: number
}

/** Takes messages in, apart from HTTP: reads them, asks traits of them, and queues what is to be counted. */
export class Collector {
  readonly #audience: Audience
  readonly #clock: Clock
  readonly #rings: SourceRings
  readonly #books: RuleBooks
  #hashKey: Buffer | undefined
  #underWay = 0

  constructor({ audience, clock }: { audience: Audience; clock: Clock }) {
    this.#audience = audience
    this.#clock = clock
    const current = () => audience.feed.current()
    this.#rings = new SourceRings(current)
    this.#books = new RuleBooks(current, ownerOf)
  }

  /** False while the catalog or the secret is missing: nobody can be known yet. */
  get isReady(): boolean {
    return this.#keyOfHashes() !== undefined && this.#rings.now() !== undefined
  }

  /** True where as many requests wait for the store as may. */
  get isBusy(): boolean {
    return this.#underWay >= EVENT_LIMITS.appendsInFlightMax
  }

  /**
   * Takes over what was written to the catalog before the call, so that a key or trait of a moment ago is known. A
   * store that is away leaves things as they are.
   */
  async catchUp(): Promise<void> {
    const { feed, store } = this.#audience
    try {
      const version = await store.catalog.version()
      if (version !== feed.current()?.version) await feed.poke()
    } catch {}
  }

  /** Whose write key it is. */
  source(writeKey: string): CollectSource | undefined {
    return this.#rings.now()?.find(writeKey)
  }

  /**
   * Resolves once all that is to be counted of a delivery is durable, with what was wrong with the rest. Reads the
   * messages before it returns. Rejects with QueueFull, or as the store does; then none of it is kept.
   */
  async collect(source: CollectSource, delivery: Delivery): Promise<MessageFault[]> {
    const { events, faults } = this.#read(source, delivery)
    if (events.length === 0) return faults
    this.#underWay++
    try {
      await this.#audience.store.events.append(events.map(packEvent))
      return faults
    } finally {
      this.#underWay--
    }
  }

  #read(source: CollectSource, { messages, type, sentAt, bytes, permits }: Delivery) {
    const events: CollectedEvent[] = []
    const faults: MessageFault[] = []
    const rules = this.#books.now().owner(source.ownerId)
    const receivedMs = this.#clock.now()
    const context = { source, rules, type, sentAt, receivedMs, hashKey: this.#keyOfHashes()! }
    for (const [i, message] of messages.entries()) {
      if (!permits(message)) continue
      if (bytes > EVENT_LIMITS.messageBytesMax && isLong(message)) {
        faults.push({ message: i, field: '', reason: TOO_LONG })
        continue
      }
      const read = readMessage(message, context)
      if ('problem' in read) faults.push({ message: i, ...read.problem })
      // What shows nothing and joins nobody has nothing to be kept for.
      else if (read.event.traits.length > 0 || read.event.sameAs) events.push(read.event)
    }
    return { events, faults }
  }

  #keyOfHashes(): Buffer | undefined {
    this.#hashKey ??= this.#audience.deriveKey('collect-hash v1', 32)
    return this.#hashKey
  }
}

const TOO_LONG = `is longer than ${EVENT_LIMITS.messageBytesMax} bytes`

function isLong(message: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(message) ?? '') > EVENT_LIMITS.messageBytesMax
}
