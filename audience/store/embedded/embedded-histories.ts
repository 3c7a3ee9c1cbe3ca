import { wakeOf } from '../../../proto/history-blob.ts'
import { type Clock, dayOf } from '../../clock.ts'
import { keyAt, positionOf } from '../../events/key-space.ts'
import type {
  HistoryStep,
  HistoryStore,
  Lesson,
  LessonOutcome,
  RecalledHistory,
  SeenMessage,
} from '../event-stores.ts'
import { LIMITS } from '../limits.ts'
import type { Change, UserKey } from '../store.ts'
import type { ChangeLog } from './change-log.ts'
import type { EmbeddedPeople } from './embedded-people.ts'
import type { EmbeddedDb } from './lmdb.ts'

const EMPTY = Buffer.alloc(0)
const WAKE_BYTES = 6
const DAY_BYTES = 2

/** Histories in LMDB, each written in one transaction with the memberships that come of it. */
export class EmbeddedHistories implements HistoryStore {
  readonly #db: EmbeddedDb
  readonly #log: ChangeLog
  readonly #people: EmbeddedPeople
  readonly #clock: Clock

  constructor(parts: { db: EmbeddedDb; log: ChangeLog; people: EmbeddedPeople; clock: Clock }) {
    this.#db = parts.db
    this.#log = parts.log
    this.#people = parts.people
    this.#clock = parts.clock
  }

  read(keys: readonly UserKey[]): Uint8Array[] {
    this.#db.refresh()
    return keys.map((key) => Buffer.from(this.#db.histories.getBinary(key) ?? EMPTY))
  }

  recall(keys: readonly UserKey[]): RecalledHistory[] {
    const histories = this.read(keys)
    const records = this.#people.recallForWrite(keys)
    return histories.map((history, i) => ({ history, record: records[i] }))
  }

  seen(messages: readonly SeenMessage[]): boolean[] {
    const today = dayOf(this.#clock.now())
    return messages.map(({ message }) => {
      for (let day = today; day >= today - LIMITS.seenDays; day--)
        if (this.#db.seen.getBinary(seenKey(day, message)) !== undefined) return true
      return false
    })
  }

  learn(batch: readonly Lesson[]): Promise<LessonOutcome[]> {
    const today = dayOf(this.#clock.now())
    return this.#db.transact(() => {
      const changes: Change[] = []
      const outcomes = batch.map((lesson) => this.#learnOne(lesson, { today, changes }))
      this.#log.append(changes)
      this.#forgetSeen(today)
      return outcomes
    })
  }

  due(nowMs: number, max: number): UserKey[] {
    this.#db.refresh()
    const end = wheelKey(nowMs + 1, EMPTY)
    const found = [...this.#db.wheel.getKeys({ end, limit: max })]
    return found.map((key) => Buffer.from(key.subarray(WAKE_BYTES)))
  }

  from(position: number, max: number): HistoryStep {
    this.#db.refresh()
    const histories: HistoryStep['histories'] = []
    let last = -1
    for (const { key, value } of this.#db.histories.getRange({ start: keyAt(position) })) {
      const next = positionOf(key)
      if (histories.length >= max && next !== last) return { histories, next }
      histories.push({ key, history: value })
      last = next
    }
    return { histories, next: undefined }
  }

  jobs(): ReadonlyMap<number, Uint8Array> {
    this.#db.refresh()
    return new Map([...this.#db.jobs.getRange()].map(({ key, value }) => [key, value]))
  }

  async keepJobs(jobs: ReadonlyMap<number, Uint8Array | undefined>): Promise<void> {
    await this.#db.transact(() => {
      for (const [number, job] of jobs)
        if (job) this.#db.jobs.put(number, Buffer.from(job))
        else this.#db.jobs.remove(number)
    })
  }

  #learnOne(
    lesson: Lesson,
    { today, changes }: { today: number; changes: Change[] },
  ): LessonOutcome {
    const { key, held, history } = lesson
    const now = this.#db.histories.getBinary(key) ?? EMPTY
    if (Buffer.compare(now, held) !== 0) return 'changed'
    const assigned = this.#people.assignOne(lesson, today)
    if (this.#people.isSuppressed(key)) {
      putHistory(this.#db, key, EMPTY)
      return 'suppressed'
    }
    if (assigned !== 'refused') changes.push(...assigned)
    putHistory(this.#db, key, history)
    for (const message of lesson.messages) this.#db.seen.put(seenKey(today, message), EMPTY)
    return 'done'
  }

  #forgetSeen(today: number): void {
    const end = seenKey(today - LIMITS.seenDays, EMPTY)
    const ended = [...this.#db.seen.getKeys({ end, limit: LIMITS.seenEndedPerWrite })]
    for (const key of ended) this.#db.seen.remove(key)
  }
}

/** Puts a history in place of the one there is, and its turn of the wheel likewise; inside a transaction. */
export function putHistory(db: EmbeddedDb, key: UserKey, history: Uint8Array): void {
  const before = db.histories.getBinary(key)
  const wakeMs = wakeOf(before ?? EMPTY)
  if (wakeMs > 0) db.wheel.remove(wheelKey(wakeMs, key))
  const nextMs = wakeOf(history)
  if (nextMs > 0) db.wheel.put(wheelKey(nextMs, key), EMPTY)
  if (history.length > 0)
    db.histories.put(key, Buffer.from(history.buffer, history.byteOffset, history.length))
  else if (before) db.histories.remove(key)
}

function wheelKey(ms: number, key: UserKey): Buffer {
  const head = Buffer.alloc(WAKE_BYTES)
  head.writeUIntBE(ms, 0, WAKE_BYTES)
  return Buffer.concat([head, key])
}

function seenKey(day: number, message: Buffer): Buffer {
  const head = Buffer.alloc(DAY_BYTES)
  head.writeUInt16BE(Math.max(0, day))
  return Buffer.concat([head, message])
}
