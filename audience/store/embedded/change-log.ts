import { randomBytes } from 'node:crypto'
import type { Change, Changes, LogCursor } from '../store.ts'
import type { EmbeddedDb } from './lmdb.ts'
import { packChanges, unpackChanges } from './pack-changes.ts'

const LAST_CHANGE = 'lastChange'
const LOG_BIRTH = 'logBirth'

/**
 * The change log as ordered keys. Changes are numbered 1, 2, 3 …; an entry holds those of one
 * transaction under the number of its first (8 bytes, big-endian). A cursor is `<birth>-<number>`:
 * the birth tells this log from one that stood in the same place before it.
 */
export class ChangeLog {
  readonly #db: EmbeddedDb
  readonly #entriesMax: number
  readonly #birth: number

  static async open(db: EmbeddedDb, entriesMax: number): Promise<ChangeLog> {
    const birth = db.meta.get(LOG_BIRTH) ?? (await db.transact(() => makeBirth(db)))
    return new ChangeLog(db, entriesMax, birth)
  }

  private constructor(db: EmbeddedDb, entriesMax: number, birth: number) {
    this.#db = db
    this.#entriesMax = entriesMax
    this.#birth = birth
  }

  /** Appends one entry; to be called inside the transaction that makes these changes. */
  append(changes: readonly Change[]): void {
    if (changes.length === 0) return
    const last = this.#last()
    this.#db.log.put(logKey(last + 1), packChanges(changes))
    this.#db.meta.put(LAST_CHANGE, last + changes.length)
    this.#trim(last + changes.length)
  }

  /** The cursor behind the last change there is. */
  end(): LogCursor {
    this.#db.refresh()
    return this.#cursor(this.#last())
  }

  since(cursor: LogCursor, max: number): Changes {
    this.#db.refresh()
    const last = this.#last()
    const from = this.#numberOf(cursor)
    if (from === last) return { entries: [], cursor, fellOff: false, hasMore: false }
    if (from === undefined || from > last || from + 1 < this.#first(last)) {
      return { entries: [], cursor: this.#cursor(last), fellOff: true, hasMore: false }
    }
    const entries = this.#collect(from + 1, max)
    const upTo = from + entries.length
    return { entries, cursor: this.#cursor(upTo), fellOff: false, hasMore: upTo < last }
  }

  #last(): number {
    return this.#db.meta.get(LAST_CHANGE) ?? 0
  }

  /** Number of the oldest change kept; one after the last where none is. */
  #first(last: number): number {
    for (const key of this.#db.log.getKeys({ limit: 1 })) return logNumber(key)
    return last + 1
  }

  #collect(from: number, max: number): Change[] {
    const found: Change[] = []
    for (const { key, value } of this.#db.log.getRange({ start: this.#entryOf(from) })) {
      if (found.length >= max) break
      const skip = Math.max(0, from - logNumber(key))
      for (const change of unpackChanges(value, skip, max - found.length)) found.push(change)
    }
    return found
  }

  /** Key of the entry that holds the change of this number. */
  #entryOf(number: number): Buffer {
    const start = logKey(number)
    for (const key of this.#db.log.getKeys({ start, reverse: true, limit: 1 })) return key
    return start
  }

  /** Drops the oldest entries as long as `entriesMax` changes remain without them. */
  #trim(last: number): void {
    while (last > this.#entriesMax) {
      const [oldest, next] = [...this.#db.log.getKeys({ limit: 2 })]
      if (!oldest || !next || last - logNumber(next) + 1 < this.#entriesMax) return
      this.#db.log.remove(oldest)
    }
  }

  #cursor(number: number): LogCursor {
    return `${this.#birth}-${number}`
  }

  /** Number of the last change the cursor's reader has seen; undefined for a cursor of another log. */
  #numberOf(cursor: LogCursor): number | undefined {
    const [, birth, number] = /^(\d+)-(\d+)$/.exec(cursor) ?? []
    return Number(birth) === this.#birth ? Number(number) : undefined
  }
}

function makeBirth(db: EmbeddedDb): number {
  const known = db.meta.get(LOG_BIRTH)
  if (known !== undefined) return known
  const birth = randomBytes(6).readUIntBE(0, 6)
  db.meta.put(LOG_BIRTH, birth)
  return birth
}

function logKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(8)
  key.writeBigUInt64BE(BigInt(number))
  return key
}

function logNumber(key: Buffer): number {
  return Number(key.readBigUInt64BE())
}
