import type { Soon } from '../soon.ts'
import type { Assignment, PersonRecord, UserKey } from './store.ts'

/** What events have shown of ids, beside their records: see proto/history-blob.ts. */
export interface HistoryStore {
  /** The packed histories under some keys, in the order asked; empty where nothing is known. */
  read(keys: readonly UserKey[]): Soon<Uint8Array[]>
  /** The same with the records they stand beside (PeopleStore.recallForWrite), each as of one moment. */
  recall(keys: readonly UserKey[]): Soon<RecalledHistory[]>
  /**
   * Which of these messages were counted already, in the order asked: at the id they were counted at once they are learned,
   * at any once they are acknowledged.
   */
  seen(messages: readonly SeenMessage[]): Soon<boolean[]>
  /**
   * Writes what became of some ids: for each its history, its memberships with their change-log entry, when it is
   * to be looked at again, and the messages counted in it, all or nothing. The outcomes, in the order of the batch;
   * keys are distinct. Rejects when the store does: what was written by then stays.
   */
  learn(batch: readonly Lesson[]): Promise<LessonOutcome[]>
  /** Keys whose time to be looked at again has come, the longest waiting first, at most `max`. */
  due(nowMs: number, max: number): Soon<UserKey[]>
  /** Histories in the order of their keys, from a position on (events/key-space.ts), about `max` of them. */
  from(position: number, max: number): Soon<HistoryStep>
  /** What was kept of jobs over everybody, by their numbers; small. */
  jobs(): Soon<ReadonlyMap<number, Uint8Array>>
  /** Keeps jobs, or with `undefined` forgets them; durable when it resolves. */
  keepJobs(jobs: ReadonlyMap<number, Uint8Array | undefined>): Promise<void>
}

export interface RecalledHistory {
  record: PersonRecord | undefined
  /** Packed; empty where nothing is known. */
  history: Uint8Array
}

export interface HistoryStep {
  histories: KeptHistory[]
  /** Position to go on from: all before it were told. Undefined at the end. */
  next: number | undefined
}

export interface KeptHistory {
  key: UserKey
  /** Packed. */
  history: Uint8Array
}

export interface SeenMessage {
  key: UserKey
  /** 16 bytes that name the message. */
  message: Buffer
}

/** What is to become of one id. */
export interface Lesson extends Assignment {
  /** The packed history as it was read; empty where there was none. */
  held: Uint8Array
  /** What takes its place; empty: nothing is kept. */
  history: Uint8Array
  /** Messages counted in it from now on, 16 bytes each; remembered for LIMITS.seenDays. */
  messages: readonly Buffer[]
  /** The packed memberships of the id as they were read a moment ago, where they were: it saves reading them again. */
  profile?: Uint8Array
}

/**
 * `changed`: the history is no longer what was read, and nothing is written. `suppressed`: the person is to be
 * left alone, nothing is written and what there was of a history is gone.
 */
export type LessonOutcome = 'done' | 'changed' | 'suppressed'

/** Events that were collected and are not processed yet: durable, in order, bounded, for one reader. */
export interface EventQueue {
  /** Appends all or none; durable when it resolves. Rejects with QueueFull beyond LIMITS.queueEventsMax. */
  append(events: readonly Uint8Array[]): Promise<void>
  /**
   * The oldest that are not acknowledged, at most `max`: the same ones until they are. With `isCounted` every
   * reading of an event is remembered (`attempts`), also over the end of the process that read it.
   */
  read(max: number, isCounted?: boolean): Promise<QueuedEvent[]>
  /**
   * Done with these: they are gone. One that is gone already is no error. `messages`, 16 bytes each, are those that were
   * counted of them: from now on they are seen (HistoryStore), whichever id they come with. With `readMax` whoever is
   * behind reads on in the same step: those that wait then.
   */
  ack(
    ids: readonly string[],
    messages?: readonly Buffer[],
    readMax?: number,
  ): Promise<QueuedEvent[]>
  /**
   * Calls `tell` when events wait behind those that were read here; one reader may ask for it. Returns what ends that. Absent: who reads often
   * enough has them soon enough.
   */
  onNews?(tell: () => void): () => void
  /** Whether none waits, as far as is known, and `tell` would be called of the next one. */
  isQuiet?(): boolean
  /** How many wait. */
  depth(): Promise<number>
  /** How many of the oldest may have been read by somebody who ended before they were acknowledged: none others were. */
  inHand(): Promise<number>
  /** Puts events aside, so that they hold up nobody; of more than LIMITS.quarantineMax the oldest go. */
  quarantine(events: readonly PutAside[]): Promise<void>
  /** What was put aside after the given id ('': from the beginning), oldest first, at most `max`. */
  quarantined(after: string, max: number): Promise<QuarantinedEvent[]>
  /** Queues events that were put aside once more; how many there were. What is no id is none of them. */
  replay(ids: readonly string[]): Promise<number>
  /**
   * Remembers events that were counted, so that it can be told which: the last LIMITS.countedMax of all, for
   * LIMITS.countedMs at most. What is not remembered is no loss.
   */
  noteCounted(events: readonly CountedEvent[], nowMs: number): Promise<void>
  /** Those that are remembered of some ids, newest first. Reads all there are. */
  counted(keys: readonly UserKey[]): Promise<CountedEvent[]>
}

export interface CountedEvent {
  /** The id it was counted at. */
  key: UserKey
  /** Packed: see events/counted-event.ts. */
  body: Uint8Array
}

export interface QueuedEvent {
  /** Ordered as text by age. */
  id: string
  body: Uint8Array
  /** How often it was read with `isCounted` before, this time included. */
  attempts: number
}

export interface PutAside {
  /** Of the queue. */
  id: string
  body: Uint8Array
  /** A sentence: why it could not be processed. */
  reason: string
  atMs: number
}

export interface QuarantinedEvent extends PutAside {
  /** Of the quarantine. */
  id: string
}

/** More events wait than may. */
export class QueueFull extends Error {
  constructor(max: number) {
    super(`${max} events wait to be processed: try again in a moment`)
  }
}
