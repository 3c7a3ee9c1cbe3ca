import { type FileHandle, open } from 'node:fs/promises'
import { refuse } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import type { AuditEntry } from './audit-entry.ts'

const NEWLINE = 10

/** A page of the log, newest entry first. */
export interface AuditPage {
  items: AuditEntry[]
  /** What to ask `after` for older entries; null where there are none. */
  next: string | null
}

/**
 * The append-only log of writes: a file of JSON lines in the data directory, mode 0600. One process
 * writes it. An entry is durable when `append` resolves; entries of one moment share a sync.
 */
export class AuditLog {
  readonly #file: FileHandle
  #bytes: number
  #pending: { line: Buffer; resolve: () => void; reject: (error: unknown) => void }[] = []
  #writing: Promise<void> | undefined

  private constructor(file: FileHandle, bytes: number) {
    this.#file = file
    this.#bytes = bytes
  }

  /** Opens or makes the file. An entry that a crash cut off, which nobody was told is kept, is cut away. */
  static async open(path: string): Promise<AuditLog> {
    const made = await open(path, 'a', 0o600)
    await made.close()
    const file = await open(path, 'r+')
    const { size } = await file.stat()
    const bytes = await endOfLines(file, size)
    if (bytes < size) await file.truncate(bytes)
    return new AuditLog(file, bytes)
  }

  append(entry: AuditEntry): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    const done = new Promise<void>((resolve, reject) => {
      this.#pending.push({ line, resolve, reject })
    })
    this.#writing ??= this.#writeAll()
    return done
  }

  /**
   * Entries before the place `after` (what `next` said), newest first. Refuses (`invalid`) a place
   * that is none.
   */
  async page({ limit, after }: { limit: number; after?: string }): Promise<AuditPage> {
    const end = after === undefined ? this.#bytes : Number(after)
    if (!(await this.#isPlace(end))) throw refuse('invalid', 'after', 'is not what next said')
    let from = end
    let text = Buffer.alloc(0)
    // One line more than asked for has begun when so many newlines were seen, the last line's own too.
    while (from > 0 && newlines(text) <= limit) {
      const part = await this.#read(Math.max(0, from - LIMITS.auditReadBytes), from)
      from -= part.length
      text = Buffer.concat([part, text])
    }
    return pageOf(text, { from, end, limit })
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending
      this.#pending = []
      const bytes = Buffer.concat(batch.map(({ line }) => line))
      try {
        await this.#file.write(bytes, 0, bytes.length, this.#bytes)
        await this.#file.datasync()
        this.#bytes += bytes.length
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#writing = undefined
  }

  async #isPlace(at: number): Promise<boolean> {
    if (!Number.isSafeInteger(at) || at < 0 || at > this.#bytes) return false
    return at === 0 || (await this.#read(at - 1, at))[0] === NEWLINE
  }

  async #read(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.alloc(to - from)
    await this.#file.read(bytes, 0, bytes.length, from)
    return bytes
  }
}

function pageOf(
  text: Buffer,
  { from, end, limit }: { from: number; end: number; limit: number },
): AuditPage {
  const items: AuditEntry[] = []
  let lineEnd = text.length - 1
  while (lineEnd > 0 && items.length < limit) {
    const before = text.lastIndexOf(NEWLINE, lineEnd - 1)
    if (before < 0 && from > 0) break
    items.push(JSON.parse(text.toString('utf8', before + 1, lineEnd)) as AuditEntry)
    lineEnd = before
  }
  const next = end - text.length + lineEnd + 1
  return { items, next: next > 0 ? String(next) : null }
}

/** Where the last whole line ends. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - LIMITS.auditReadBytes)
    const bytes = Buffer.alloc(end - from)
    await file.read(bytes, 0, bytes.length, from)
    const at = bytes.lastIndexOf(NEWLINE)
    if (at >= 0) return from + at + 1
    end = from
  }
  return 0
}

function newlines(text: Buffer): number {
  let count = 0
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++
  return count
}
