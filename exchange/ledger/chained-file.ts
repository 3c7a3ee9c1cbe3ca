import { dirname } from 'node:path'
import type { Clock } from '../../audience/clock.ts'
import {
  type ChainFiles,
  type ChainHandle,
  readSpan,
  realFiles,
  syncDirectory,
  writeWhole,
} from './chain-files.ts'
import { type ChainEnd, chainStart, formLine } from './chain-line.ts'
import { lastLine, lineStart } from './last-line.ts'
import { LIMITS } from './limits.ts'
import { NotAppended } from './not-appended.ts'

const NOTHING = Buffer.alloc(0)

export interface ChainedFileOptions {
  /** Made where absent, mode 0600. */
  path: string
  /** What the chain begins with: the name of this file among others. */
  stream: string
  clock: Clock
  files?: ChainFiles
}

interface Waiting {
  record: object
  sinceMs: number
  resolve: () => void
  reject: (error: NotAppended) => void
}

/**
 * An append-only file of JSON lines, each chained to the one before (chain-line.ts), with one writer. A
 * record is on disk when `append` resolves; records of one moment share one sync.
 *
 * A record's place (its number, and its bytes in the file) is settled before it is first written. Where the
 * write or its sync fails, the very same bytes are written again to the very same place, over a handle opened
 * anew, before anything else is: a reader of the file who saw the failed attempt saw nothing else.
 */
export class ChainedFile {
  readonly #options: ChainedFileOptions
  readonly #files: ChainFiles
  #file: ChainHandle | undefined
  #end: ChainEnd
  #bytes: number
  /** Lines whose last write failed, and which stand behind #bytes or will. */
  #unsure: Buffer = NOTHING
  #waiting: Waiting[] = []
  #batch: Waiting[] = []
  #writing: Promise<void> | undefined
  #isClosed = false

  private constructor(options: ChainedFileOptions, file: ChainHandle, found: Found) {
    this.#options = options
    this.#files = options.files ?? realFiles
    this.#file = file
    this.#end = found.end
    this.#bytes = found.bytes
  }

  /** Opens or makes the file. A line that a crash cut off, which nobody was told is kept, is cut away. */
  static async open(options: ChainedFileOptions): Promise<ChainedFile> {
    const { path, stream, files = realFiles } = options
    await (await files.open(path, 'a', 0o600)).close()
    const file = await files.open(path, 'r+')
    try {
      const found = await findEnd(file, stream)
      if (found.isCut) await file.truncate(found.bytes)
      await syncDirectory(files, dirname(path))
      return new ChainedFile(options, file, found)
    } catch (error) {
      await file.close().catch(() => {})
      throw error
    }
  }

  get stream(): string {
    return this.#options.stream
  }

  /** Bytes of the lines that are on disk. */
  get bytes(): number {
    return this.#bytes
  }

  /** Where the chain of the lines that are on disk, or still on their way there, ends. */
  get end(): ChainEnd {
    return this.#end
  }

  /** The last write failed, and what it was to write is not on disk yet. */
  get isUnsure(): boolean {
    return this.#unsure.length > 0
  }

  /** When (`Clock.elapsed`) the record that waits longest for its sync was appended. */
  waitingSinceMs(): number | undefined {
    return (this.#batch[0] ?? this.#waiting[0])?.sinceMs
  }

  /** Resolves when the record is on disk; rejects with NotAppended. */
  append(record: object): Promise<void> {
    if (this.#isClosed) return Promise.reject(new NotAppended('closed'))
    if (this.#waiting.length >= LIMITS.waitingRecordsMax)
      return Promise.reject(new NotAppended('full'))
    const sinceMs = this.#options.clock.elapsed()
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ record, sinceMs, resolve, reject })
    })
    this.#writing ??= this.#writeAll()
    return done
  }

  /** Writes again what could not be written; true where nothing of that is left. */
  async settle(): Promise<boolean> {
    await this.#writing
    if (!this.isUnsure) return true
    this.#writing = this.#writeAll()
    await this.#writing
    return !this.isUnsure
  }

  /** Bytes [from, to) of the file. */
  async read(from: number, to: number): Promise<Buffer> {
    if (this.#file) return readSpan(this.#file, from, to)
    const file = await this.#files.open(this.#options.path, 'r')
    try {
      return await readSpan(file, from, to)
    } finally {
      await file.close()
    }
  }

  /** Writes what waits, and closes. Nothing can be appended any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.settle()
    await this.#file?.close()
  }

  async #writeAll(): Promise<void> {
    // In the next step of the loop, so that what one turn appends shares a sync.
    await undefined
    try {
      await this.#write()
      while (this.#waiting.length > 0) {
        this.#batch = this.#form(this.#waiting.splice(0, LIMITS.batchRecordsMax))
        await this.#write()
        for (const { resolve } of this.#batch) resolve()
        this.#batch = []
      }
    } catch (cause) {
      for (const { reject } of this.#batch)
        reject(new NotAppended('write_failed', { isKept: true, cause }))
      for (const { reject } of this.#waiting) reject(new NotAppended('broken', { cause }))
      this.#batch = []
      this.#waiting = []
    } finally {
      this.#writing = undefined
    }
  }

  /** Settles the place of each record of a batch. Refuses what is no line, and leaves it out. */
  #form(batch: Waiting[]): Waiting[] {
    const at = this.#options.clock.now()
    const lines: string[] = []
    const formed = batch.filter((one) => {
      const line = formLine(this.#end, at, one.record)
      // A character takes up to three bytes; so long a line is only measured where it could be too long.
      if (
        line.text.length * 3 > LIMITS.lineBytesMax &&
        Buffer.byteLength(line.text) > LIMITS.lineBytesMax
      ) {
        one.reject(new NotAppended('too_long'))
        return false
      }
      lines.push(line.text, '\n')
      this.#end = { seq: line.seq, chain: line.chain }
      return true
    })
    this.#unsure = Buffer.from(lines.join(''))
    return formed
  }

  /** Brings the unsure lines to disk. */
  async #write(): Promise<void> {
    if (!this.isUnsure) return
    try {
      this.#file ??= await this.#files.open(this.#options.path, 'r+')
      await writeWhole(this.#file, this.#unsure, this.#bytes)
      await this.#file.datasync()
    } catch (error) {
      // After a failed sync a handle may report success for what never reached the disk.
      const failed = this.#file
      this.#file = undefined
      await failed?.close().catch(() => {})
      throw error
    }
    this.#bytes += this.#unsure.length
    this.#unsure = NOTHING
  }
}

interface Found {
  end: ChainEnd
  /** Where the last whole line ends. */
  bytes: number
  isCut: boolean
}

async function findEnd(file: ChainHandle, stream: string): Promise<Found> {
  const { size } = await file.stat()
  const bytes = await lineStart(file, size)
  const isCut = bytes < size
  const last = await lastLine(file, bytes)
  if (last) return { end: last, bytes, isCut }
  // Lines from before there was a chain: it begins behind them, and holds them as they are.
  return { end: chainStart(stream, await readSpan(file, 0, bytes)), bytes, isCut }
}
