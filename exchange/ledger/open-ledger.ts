import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Clock, dayOf } from '../../audience/clock.ts'
import type { LedgerRecord } from '../usage/ledger-record.ts'
import type { ChainFiles } from './chain-files.ts'
import { ChainedFile } from './chained-file.ts'
import { LIMITS } from './limits.ts'
import { NotAppended } from './not-appended.ts'
import { ledgerFinding } from './reasons.ts'
import { STREAM_SUFFIX, streamName } from './stream-name.ts'

export interface LedgerOptions {
  /** `PASSERELLE_DATA/ledger`; made where absent. */
  dir: string
  /** Who writes, e.g. `bid 1`: begins the names of its streams. */
  process: string
  clock: Clock
  log: LedgerLog
  files?: ChainFiles
}

export interface LedgerPlace {
  stream: string
  seq: number
}

/** What the ledger says of itself: a pino logger fits. */
export interface LedgerLog {
  error(details: object, message: string): void
  info(details: object, message: string): void
}

/** The ledger of one process: what is acknowledged here survives `kill -9` and a power cut. */
export interface Ledger {
  /**
   * Resolves when the record is on disk. Rejects with NotAppended: where that says `isKept`, the record is
   * written once the disk allows, and must not be appended again; else it was not taken.
   */
  append(record: LedgerRecord): Promise<void>
  /** It could not be written for 5 s: what is contracted must not be served, notices get 503. */
  isBehind(): boolean
  findings(): { finding: string; advice: string }[]
  /** Where the last record stands that was acknowledged. */
  place(): LedgerPlace | undefined
  /** Records that are on disk, and appends that were not acknowledged, since the process began. */
  counts(): { appended: number; failed: number }
  close(): Promise<void>
}

/**
 * Opens the ledger of one process. Its first record opens a stream of its own, named after the process, the
 * moment and a random number; so does the first record of a day (UTC), and what follows a full file. Nobody
 * else ever writes to a stream. Reading them is the desk's (ship-ledger.ts).
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const ledger = new OpenLedger(options)
  await ledger.open()
  return ledger
}

class OpenLedger implements Ledger {
  readonly #options: LedgerOptions
  #stream: ChainedFile | undefined
  #streamDay = 0
  #opening: Promise<ChainedFile> | undefined
  #openingSinceMs = 0
  /** Name of the next stream; kept until it could be opened. */
  #nextStream: string | undefined
  /** When a write or the opening of a stream first failed, and none succeeded since. */
  #brokenSinceMs: number | undefined
  #brokenBy = ''
  #retry: NodeJS.Timeout | undefined
  #isClosed = false
  #place: LedgerPlace | undefined
  #appended = 0
  #failed = 0

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  /** A directory that cannot be made is found at once; the process goes on, without what is contracted. */
  async open(): Promise<void> {
    await this.#makeDir().catch((error: unknown) => this.#broke(error))
  }

  async append(record: LedgerRecord): Promise<void> {
    try {
      if (this.#isClosed) throw new NotAppended('closed')
      if (this.#brokenSinceMs !== undefined) throw new NotAppended('broken')
      const stream = this.#usable() ?? (await this.#open())
      await stream.append(record)
      this.#appended++
      this.#place = { stream: stream.stream, seq: stream.end.seq }
    } catch (error) {
      this.#failed++
      if (error instanceof NotAppended && error.reason !== 'write_failed') throw error
      this.#broke(error)
      throw error instanceof NotAppended ? error : new NotAppended('write_failed', { cause: error })
    }
  }

  isBehind(): boolean {
    const waitingMs = this.#opening ? this.#openingSinceMs : this.#stream?.waitingSinceMs()
    const sinceMs = this.#brokenSinceMs ?? waitingMs
    return sinceMs !== undefined && this.#options.clock.elapsed() - sinceMs >= LIMITS.behindMs
  }

  findings(): { finding: string; advice: string }[] {
    if (this.#brokenSinceMs === undefined && !this.isBehind()) return []
    return [ledgerFinding('ledger', this.#brokenBy)]
  }

  place(): LedgerPlace | undefined {
    return this.#place
  }

  counts(): { appended: number; failed: number } {
    return { appended: this.#appended, failed: this.#failed }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#retry)
    const stream = (await this.#opening?.catch(() => undefined)) ?? this.#stream
    await stream?.close()
    if (stream?.isUnsure)
      this.#options.log.error({}, 'the ledger closes with records it could not write')
  }

  /** The stream that takes the next record; undefined where a new one is due. */
  #usable(): ChainedFile | undefined {
    const stream = this.#stream
    if (stream === undefined || stream.bytes >= LIMITS.streamBytesMax) return undefined
    return this.#streamDay === dayOf(this.#options.clock.now()) ? stream : undefined
  }

  #open(): Promise<ChainedFile> {
    if (this.#opening) return this.#opening
    this.#openingSinceMs = this.#options.clock.elapsed()
    this.#opening = this.#openStream().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openStream(): Promise<ChainedFile> {
    const { dir, process, clock, files } = this.#options
    await this.#makeDir()
    // What the last stream owes comes first: it has its place there.
    if (this.#stream && !(await this.#stream.settle())) throw new NotAppended('broken')
    await this.#stream?.close()
    this.#stream = undefined
    const nowMs = clock.now()
    this.#nextStream ??= streamName(process, nowMs, randomBytes(6).toString('hex'))
    const path = join(dir, this.#nextStream + STREAM_SUFFIX)
    const named = { path, stream: this.#nextStream, clock }
    this.#stream = await ChainedFile.open(files ? { ...named, files } : named)
    this.#nextStream = undefined
    this.#streamDay = dayOf(nowMs)
    return this.#stream
  }

  async #makeDir(): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 })
  }

  #broke(error: unknown): void {
    const cause = error instanceof NotAppended ? error.cause : error
    this.#brokenBy = cause instanceof Error ? cause.message : String(cause)
    if (this.#brokenSinceMs !== undefined) return
    this.#brokenSinceMs = this.#options.clock.elapsed()
    this.#options.log.error({ error: this.#brokenBy }, 'the ledger cannot be written')
    this.#tryLater()
  }

  #tryLater(): void {
    this.#retry = setTimeout(() => void this.#tryAgain(), LIMITS.retryEveryMs)
    this.#retry.unref()
  }

  /** Writes what could not be written, or opens a stream where there is none, without waiting for a record. */
  async #tryAgain(): Promise<void> {
    try {
      const isWritten = await (this.#stream ?? (await this.#open())).settle()
      if (!isWritten) return this.#isClosed ? undefined : this.#tryLater()
      this.#brokenSinceMs = undefined
      this.#options.log.info({}, 'the ledger can be written again')
    } catch (error) {
      this.#broke(error)
      if (!this.#isClosed) this.#tryLater()
    }
  }
}
