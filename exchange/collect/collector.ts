import type { Audience } from '../../audience/audience.ts'
import type { Clock } from '../../audience/clock.ts'
import { type CollectedEvent, packEvent } from '../../audience/events/collected-event.ts'
import type { Judgement } from '../../audience/events/compiled-plan.ts'
import { isLongerThan } from '../../audience/events/is-longer-than.ts'
import { EVENT_LIMITS } from '../../audience/events/limits.ts'
import {
  type MessageContext,
  type MessageType,
  type ReadMessage,
  readMessage,
} from '../../audience/events/read-message.ts'
import { readMoment } from '../../audience/events/read-moment.ts'
import { RuleBooks } from '../../audience/events/rule-book.ts'
import { SourceSightings } from '../../audience/events/source-sightings.ts'
import { switchMessage } from '../../audience/events/switch-message.ts'
import type { Problem } from '../../audience/refusal.ts'
import type { HeldMessage } from '../../audience/store/plan-stores.ts'
import { sourceLicence } from '../provenance/licences.ts'
import { MessageTally, measureMessage, saysConsent } from '../quality/measure-message.ts'
import { SourceCounts } from '../quality/source-counts.ts'
import { type VisitSight, Visits, visitSight } from '../quality/visits.ts'
import { ownerOf } from './owner-of.ts'
import { type AsideMessage, forReplay, putAside, readAside } from './put-aside.ts'
import { type CollectSource, SourceRings } from './source-ring.ts'

/** Messages of one request. */
export interface Delivery {
  messages: readonly unknown[]
  /** Kind of the endpoint; undefined: each message says it. */
  type: MessageType | undefined
  sentAt: unknown
  /** Bytes of the request: where they are few, no message can be too long. */
  bytes: number
  /** Whether the request says something of consent for all of them. */
  saysConsent?: boolean
  /** Whether a message may be kept: by what it, or what stands for all of them, says of consent, and by its source's contract. */
  permits(message: unknown): boolean
}

/** A message of which nothing is kept. `message` counts from 0. */
export interface MessageFault extends Problem {
  message: number
}

/** A message that is not as its tracking plan says. */
export interface Unplanned extends Judgement {
  message: number
}

/** What became of the messages of a delivery. */
export interface Collected {
  faults: MessageFault[]
  /** Those that do not count: put aside, or blocked. */
  unplanned: Unplanned[]
}

export interface CollectorOptions {
  audience: Audience
  clock: Clock
  /** Takes what data quality is made of; absent: nobody asks. */
  counts?: SourceCounts
}

/** What is to be kept of a delivery. */
interface Kept {
  events: Buffer[]
  held: HeldMessage[]
  told: Collected
  tally: MessageTally
  sights: VisitSight[]
}

/** Takes messages in, apart from HTTP: reads them, asks plans and traits of them, and queues what is to be counted. */
export class Collector {
  readonly sightings = new SourceSightings()
  readonly #audience: Audience
  readonly #clock: Clock
  readonly #rings: SourceRings
  readonly #books: RuleBooks
  readonly #counts: SourceCounts
  readonly #visits = new Visits()
  #hashKey: Buffer | undefined
  #underWay = 0
  #caughtUp: Promise<void> | undefined

  constructor({ audience, clock, counts }: CollectorOptions) {
    this.#audience = audience
    this.#clock = clock
    this.#counts = counts ?? new SourceCounts()
    const current = () => audience.feed.current()
    this.#rings = new SourceRings(current, audience.vault)
    this.#books = new RuleBooks(current, ownerOf, clock)
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
   * Takes over what was written to the catalog before the call, so that a key or trait of a moment ago is known;
   * all who ask in one turn of the event loop share one question to the store. A store that is away leaves things as they are.
   */
  catchUp(): Promise<void> {
    this.#caughtUp ??= new Promise<void>((turnOver) => setImmediate(turnOver)).then(() => {
      this.#caughtUp = undefined
      return this.#audience.feed.poke()
    })
    return this.#caughtUp
  }

  /** Whose write key it is. */
  source(writeKey: string): CollectSource | undefined {
    return this.#rings.now()?.find(writeKey)
  }

  /** A source by its id: whoever asks has proved otherwise that it may write for it. */
  sourceNamed(id: string): CollectSource | undefined {
    return this.#rings.now()?.byId(id)
  }

  /** Whether what a source collects may be kept now: a third party's is under a live contract only. */
  mayCollect({ id, isLicensed }: CollectSource): boolean {
    const snapshot = this.#audience.feed.current()
    if (!isLicensed || !snapshot) return !isLicensed
    if (!this.#audience.feed.confirmed()) return false
    return sourceLicence(snapshot, id, this.#clock.now()).state === 'live'
  }

  /**
   * Resolves once all that is to be counted of a delivery, or was put aside, is durable, with what became of the rest.
   * Reads the messages before it returns. Rejects with QueueFull, or as the store does; then nothing of it counts.
   */
  collect(source: CollectSource, delivery: Delivery): Promise<Collected> {
    return this.#keep(source, this.#read(source, delivery))
  }

  /** Of the messages themselves nothing is held on to while the store is waited for. */
  async #keep(
    source: CollectSource,
    { events, held, tally, sights, told }: Kept,
  ): Promise<Collected> {
    this.#underWay++
    try {
      if (held.length > 0) await this.#audience.store.held.hold(source.shelf, held)
      if (events.length > 0) await this.#audience.store.events.append(events)
      // What is not taken comes again, and is counted then.
      const visits = this.#visits.note(source.id, sights, this.#clock.now())
      this.#counts.add(source, tally)
      this.#counts.add(source, visits)
      return told
    } finally {
      this.#underWay--
    }
  }

  /**
   * Gives messages that a tracking plan held back another chance, by the plan and the traits of now. Those that are as
   * planned are queued; the others stay. How many were queued.
   */
  async replay(sourceId: string, held: readonly (HeldMessage & { id: string })[]): Promise<number> {
    const source = this.#rings.now()?.byId(sourceId)
    if (source === undefined || !this.isReady || !this.mayCollect(source)) return 0
    const done = held.flatMap(({ id, body }) => {
      const event = this.#readAgain(source, readAside({ body }))
      return event ? [{ id, event }] : []
    })
    if (done.length === 0) return 0
    const { events, held: store } = this.#audience.store
    const counting = done.map(({ event }) => event).filter(counts)
    // Where the process ends in between, they are queued again, and count once.
    if (counting.length > 0) await events.append(counting.map(packEvent))
    return store.release(
      source.shelf,
      done.map(({ id }) => id),
    )
  }

  #read(source: CollectSource, delivery: Delivery): Kept {
    const { messages, sentAt, permits } = delivery
    const tally = new MessageTally()
    tally.received = messages.length
    const told: Collected = { faults: [], unplanned: [] }
    const kept: Kept = { events: [], held: [], told, tally, sights: [] }
    const context = this.#contextOf(source, { type: delivery.type, sentMs: readMoment(sentAt) })
    const mayCollect = this.mayCollect(source)
    const mayBeLong = delivery.bytes > messageBytesMax
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i]
      if (saysConsent(message, delivery.saysConsent === true)) tally.consented++
      // Who asks counts why not, the contract among it; whatever was asked before, it holds here.
      if (!permits(message) || !mayCollect) tally.denied++
      else if (mayBeLong && isLongerThan(message, messageBytesMax))
        kept.told.faults.push({ message: i, field: '', reason: TOO_LONG })
      else this.#take(message, i, { source, context, kept })
    }
    return kept
  }

  /** Reads one message of a delivery, and adds what is to be kept of it. */
  #take(
    message: unknown,
    at: number,
    { source, context, kept }: { source: CollectSource; context: MessageContext; kept: Kept },
  ): void {
    const read = readMessage(message, context)
    if ('problem' in read) {
      kept.told.faults.push({ message: at, ...read.problem })
      return
    }
    const { receivedMs, sentMs, hashKey, keys } = context
    const { tally } = kept
    const { userId } = source
    const isVisit = measureMessage(tally, read, { receivedMs, sentMs, userId })
    if (isVisit && source.isVisited)
      kept.sights.push(visitSight(read.event, { type: read.message['type'], userId }))
    const judgement = this.#judge(source, read, receivedMs)
    if (source.plan) tally.planned++
    if (judgement) tally.unplanned++
    if (judgement && judgement.mode !== 'warn') {
      kept.told.unplanned.push({ message: at, ...judgement })
      if (judgement.mode === 'quarantine')
        kept.held.push(putAside(read, source, { judgement, hashKey, keys, nowMs: receivedMs }))
    } else if (counts(read.event)) kept.events.push(packEvent(read.event))
  }

  #contextOf(source: CollectSource, said: Pick<MessageContext, 'type' | 'sentMs'>): MessageContext {
    const { vault } = this.#audience
    return {
      source,
      rules: this.#books.now().owner(source.ownerId),
      type: said.type,
      sentMs: said.sentMs,
      receivedMs: this.#clock.now(),
      hashKey: this.#keyOfHashes()!,
      keys: this.#audience.userKeys()!,
      vault,
    }
  }

  /** Notes what a message holds, and asks its source's plan. */
  #judge(source: CollectSource, read: ReadMessage, nowMs: number): Judgement | undefined {
    const { message, values } = read
    const { plan, switches, shelf } = source
    this.sightings.saw(shelf, { message, values, atMs: nowMs })
    if (plan === undefined) return undefined
    const hashKey = this.#keyOfHashes()!
    const isWhole = switches.size === 0
    const judgement = plan.judge(isWhole ? message : switchMessage(message, { switches, hashKey }))
    if (judgement) this.sightings.judged(shelf, { message, judgement, atMs: nowMs })
    return judgement
  }

  /** Undefined where it is still not as planned. */
  #readAgain(given: CollectSource, aside: AsideMessage): CollectedEvent | undefined {
    const source = forReplay(given, aside)
    const { switches, plan } = source
    const context = this.#contextOf(source, { type: undefined, sentMs: undefined })
    const read = readMessage(aside.message, context)
    if ('problem' in read) return undefined
    const judgement = plan?.judge(
      switchMessage(read.message, { switches, hashKey: context.hashKey }),
    )
    return judgement === undefined || judgement.mode === 'warn' ? read.event : undefined
  }

  #keyOfHashes(): Buffer | undefined {
    this.#hashKey ??= this.#audience.deriveKey('collect-hash v1', 32)
    return this.#hashKey
  }
}

const { messageBytesMax } = EVENT_LIMITS
const TOO_LONG = `is longer than ${messageBytesMax} bytes`

/** What shows nothing and joins nobody has nothing to be kept for. */
function counts({ traits, sameAs, contacts, vault }: CollectedEvent): boolean {
  return traits.length > 0 || sameAs !== undefined || contacts !== undefined || vault !== undefined
}
