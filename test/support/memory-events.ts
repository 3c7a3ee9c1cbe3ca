import { type Clock, dayOf } from '../../audience/clock.ts'
import { positionOf } from '../../audience/events/key-space.ts'
import type {
  CountedEvent,
  EventQueue,
  HistoryStep,
  HistoryStore,
  Lesson,
  LessonOutcome,
  PutAside,
  QuarantinedEvent,
  QueuedEvent,
  RecalledHistory,
  SeenMessage,
} from '../../audience/store/event-stores.ts'
import { QueueFull } from '../../audience/store/event-stores.ts'
import { LIMITS } from '../../audience/store/limits.ts'
import type { UserKey } from '../../audience/store/store.ts'
import { wakeOf } from '../../proto/history-blob.ts'
import type { MemoryPeople } from './memory-store.ts'

const EMPTY = new Uint8Array(0)

/** Histories in memory, keeping the promises of HistoryStore. */
export class MemoryHistories implements HistoryStore {
  readonly #people: MemoryPeople
  readonly #clock: Clock
  readonly #held = new Map<string, Uint8Array>()
  readonly #seen = new Map<string, number>()
  readonly #jobs = new Map<number, Uint8Array>()

  constructor(people: MemoryPeople, clock: Clock) {
    this.#people = people
    this.#clock = clock
    people.onGone = (key) => void this.#held.delete(nameOf(key))
  }

  read(keys: readonly UserKey[]): Uint8Array[] {
    return keys.map((key) => this.#held.get(nameOf(key)) ?? EMPTY)
  }

  async recall(keys: readonly UserKey[]): Promise<RecalledHistory[]> {
    const records = await this.#people.recallForWrite(keys)
    return this.read(keys).map((history, i) => ({ history, record: records[i] }))
  }

  seen(messages: readonly SeenMessage[]): boolean[] {
    const oldest = dayOf(this.#clock.now()) - LIMITS.seenDays
    return messages.map(({ message }) => (this.#seen.get(nameOf(message)) ?? -1) >= oldest)
  }

  async learn(batch: readonly Lesson[]): Promise<LessonOutcome[]> {
    return batch.map((lesson) => this.#learnOne(lesson))
  }

  due(nowMs: number, max: number): UserKey[] {
    const found = [...this.#held].map(([name, blob]) => ({ name, atMs: wakeOf(blob) }))
    const due = found.filter(({ atMs }) => atMs > 0 && atMs <= nowMs)
    due.sort((a, b) => a.atMs - b.atMs)
    return due.slice(0, max).map(({ name }) => Buffer.from(name, 'latin1'))
  }

  from(position: number, max: number): HistoryStep {
    const all = [...this.#held].map(([name, history]) => ({
      key: Buffer.from(name, 'latin1'),
      history,
    }))
    const ahead = all.filter(({ key }) => positionOf(key) >= position)
    ahead.sort((a, b) => a.key.compare(b.key))
    const next = ahead[max]
    return { histories: ahead.slice(0, max), next: next && positionOf(next.key) }
  }

  jobs(): ReadonlyMap<number, Uint8Array> {
    return new Map(this.#jobs)
  }

  async keepJobs(jobs: ReadonlyMap<number, Uint8Array | undefined>): Promise<void> {
    for (const [number, job] of jobs)
      if (job) this.#jobs.set(number, job)
      else this.#jobs.delete(number)
  }

  #learnOne(lesson: Lesson): LessonOutcome {
    const name = nameOf(lesson.key)
    if (Buffer.compare(this.#held.get(name) ?? EMPTY, lesson.held) !== 0) return 'changed'
    if (this.#people.isSuppressed(lesson.key)) return 'suppressed'
    if (lesson.add.length + lesson.remove.length > 0) this.#people.assignNow(lesson)
    if (lesson.history.length > 0) this.#held.set(name, lesson.history)
    else this.#held.delete(name)
    for (const message of lesson.messages) this.#seen.set(nameOf(message), dayOf(this.#clock.now()))
    return 'done'
  }
}

/** The queue in memory, keeping the promises of EventQueue. */
export class MemoryEvents implements EventQueue {
  max = Number.POSITIVE_INFINITY
  #last = 0
  #waiting: QueuedEvent[] = []
  #aside: QuarantinedEvent[] = []
  readonly #counted: CountedEvent[] = []

  async append(events: readonly Uint8Array[]): Promise<void> {
    if (this.#waiting.length + events.length > this.max) throw new QueueFull(this.max)
    for (const body of events) this.#waiting.push({ id: this.#next(), body, attempts: 0 })
  }

  async read(max: number, isCounted = false): Promise<QueuedEvent[]> {
    const first = this.#waiting.slice(0, max)
    if (isCounted) for (const event of first) event.attempts++
    return first.map((event) => ({ ...event }))
  }

  async ack(
    ids: readonly string[],
    _messages?: readonly Buffer[],
    readMax = 0,
  ): Promise<QueuedEvent[]> {
    this.#waiting = this.#waiting.filter(({ id }) => !ids.includes(id))
    return this.read(readMax)
  }

  async depth(): Promise<number> {
    return this.#waiting.length
  }

  inHand(): Promise<number> {
    return this.depth()
  }

  async quarantine(events: readonly PutAside[]): Promise<void> {
    for (const event of events) this.#aside.push({ ...event, id: this.#next() })
    await this.ack(events.map(({ id }) => id))
  }

  async quarantined(after: string, max: number): Promise<QuarantinedEvent[]> {
    return this.#aside.filter(({ id }) => id > after).slice(0, max)
  }

  async replay(ids: readonly string[]): Promise<number> {
    const found = this.#aside.filter(({ id }) => ids.includes(id))
    this.#aside = this.#aside.filter(({ id }) => !ids.includes(id))
    await this.append(found.map(({ body }) => body))
    return found.length
  }

  async noteCounted(events: readonly CountedEvent[]): Promise<void> {
    this.#counted.unshift(...[...events].reverse())
  }

  async counted(keys: readonly UserKey[]): Promise<CountedEvent[]> {
    const asked = new Set(keys.map(nameOf))
    return this.#counted.filter(({ key }) => asked.has(nameOf(key)))
  }

  #next(): string {
    return String(++this.#last).padStart(12, '0')
  }
}

function nameOf(key: Buffer): string {
  return key.toString('latin1')
}
