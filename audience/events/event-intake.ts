import type { Clock } from '../clock.ts'
import type { CountedEvent, EventQueue, QueuedEvent } from '../store/event-stores.ts'
import { StoreFailed } from '../store/store-failed.ts'
import { type CollectedEvent, unpackEvent } from './collected-event.ts'
import { EVENT_LIMITS } from './limits.ts'

export interface EventIntakeOptions {
  events: EventQueue
  clock: Clock
  /** Rejects with StoreFailed where the store does not take it, and otherwise where one of the events cannot be processed. */
  process: (events: readonly CollectedEvent[]) => Promise<ProcessedEvents>
  /** Told why an event was put aside: a sentence. */
  onPutAside: (reason: string) => void
}

export interface ProcessedEvents {
  /** Names of messages that were counted, now or before. */
  messages: Buffer[]
  /** What is remembered of them. */
  notes: CountedEvent[]
}

/**
 * Takes events from the queue, batch by batch, has them processed, and acknowledges what was. One that cannot be
 * processed, or that ended the process whenever it was in hand, goes to the quarantine and holds up nobody.
 */
export class EventIntake {
  readonly #options: EventIntakeOptions
  /** Events that were in hand when this process began: one of them may have ended the last one. */
  #suspects: number | undefined
  /** How often this process read a suspect. */
  readonly #tries = new Map<string, number>()
  #isBehind = false
  #isClosed = false

  constructor(options: EventIntakeOptions) {
    this.#options = options
  }

  /** More events wait than are taken at once. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  close(): void {
    this.#isClosed = true
  }

  /** Resolves when none waits. */
  async take(): Promise<void> {
    const { events } = this.#options
    this.#suspects ??= Math.min(await events.inHand(), EVENT_LIMITS.readMax)
    while (this.#suspects > 0 && !this.#isClosed) {
      const [suspect] = await events.read(1, true)
      if (suspect === undefined) this.#suspects = 0
      else {
        await this.#takeSuspect(suspect)
        this.#suspects--
      }
    }
    let batch = await events.read(EVENT_LIMITS.readMax)
    while (batch.length > 0 && !this.#isClosed) {
      this.#isBehind = batch.length === EVENT_LIMITS.readMax
      batch = await this.#takeBatch(batch, this.#isBehind ? EVENT_LIMITS.readMax : 0)
    }
    this.#isBehind = false
  }

  /** One that was in hand as often when a process ended is not taken in hand again. */
  async #takeSuspect(event: QueuedEvent): Promise<void> {
    const own = (this.#tries.get(event.id) ?? 0) + 1
    this.#tries.set(event.id, own)
    if (event.attempts - own >= EVENT_LIMITS.attemptsMax)
      await this.#putAside(event, 'The process ended each time it was processed.')
    else await this.#takeBatch([event])
    this.#tries.delete(event.id)
  }

  /** Returns those that wait then, at most `next`. `failed`: how often the one event of a batch has failed by now. */
  async #takeBatch(batch: readonly QueuedEvent[], next = 0, failed = 0): Promise<QueuedEvent[]> {
    const { events, process } = this.#options
    const read = batch.map((queued) => ({ queued, event: unpackEvent(queued.body) }))
    const sound = read.flatMap(({ event }) => event ?? [])
    let processed: ProcessedEvents
    try {
      processed = await process(sound)
    } catch (error) {
      if (error instanceof StoreFailed) throw error
      if (batch.length > 1) for (const one of batch) await this.#takeBatch([one])
      else if (failed + 1 < EVENT_LIMITS.attemptsMax) await this.#takeBatch(batch, 0, failed + 1)
      else await this.#putAside(batch[0]!, error instanceof Error ? error.message : String(error))
      return next > 0 ? events.read(next) : []
    }
    for (const { queued, event } of read)
      if (event === undefined) await this.#putAside(queued, 'It is no event.')
    const ids = read.flatMap(({ queued, event }) => (event ? queued.id : []))
    // Asked in one turn, so that they go to the store together.
    const noted = this.#note(processed.notes)
    const [waiting] = await Promise.all([events.ack(ids, processed.messages, next), noted])
    return waiting
  }

  async #putAside({ id, body }: QueuedEvent, reason: string): Promise<void> {
    const { events, clock, onPutAside } = this.#options
    await events.quarantine([{ id, body, reason, atMs: clock.now() }])
    onPutAside(reason)
  }

  /** Where the store does not take it, it is not worth a second try. */
  async #note(notes: readonly CountedEvent[]): Promise<void> {
    const { events, clock } = this.#options
    try {
      if (notes.length > 0) await events.noteCounted(notes, clock.now())
    } catch (error) {
      if (!(error instanceof StoreFailed)) throw error
    }
  }
}
