import type { Clock } from '../../audience/clock.ts'
import { refuse } from '../../audience/refusal.ts'
import type { ChainEnd } from '../../exchange/ledger/chain-line.ts'
import { ChainedFile } from '../../exchange/ledger/chained-file.ts'
import { LIMITS } from '../limits.ts'
import type { AuditEntry } from './audit-entry.ts'

/** The name that the chain of the audit log begins with, and the file in the data directory. */
export const AUDIT_STREAM = 'audit'
export const AUDIT_FILE = 'audit.ndjson'

const NEWLINE = 10

/** A page of the log, newest entry first. */
export interface AuditPage {
  items: AuditEntry[]
  /** What to ask `after` for older entries; null where there are none. */
  next: string | null
}

/**
 * The append-only log of writes: a chained file in the data directory, mode 0600. One process writes it. An
 * entry is durable when `append` resolves; entries of one moment share a sync. Lines from before there was a
 * chain stay as they are, and are part of what the chain begins with.
 */
export class AuditLog {
  readonly #file: ChainedFile

  private constructor(file: ChainedFile) {
    this.#file = file
  }

  /** Opens or makes the file. An entry that a crash cut off, which nobody was told is kept, is cut away. */
  static async open(path: string, clock: Clock): Promise<AuditLog> {
    return new AuditLog(await ChainedFile.open({ path, stream: AUDIT_STREAM, clock }))
  }

  /** Where the chain ends: what a copy of the log must hold to be whole. */
  get end(): ChainEnd {
    return this.#file.end
  }

  append(entry: AuditEntry): Promise<void> {
    return this.#file.append(entry)
  }

  /**
   * Entries before the place `after` (what `next` said), newest first. Refuses (`invalid`) a place
   * that is none.
   */
  async page({ limit, after }: { limit: number; after?: string }): Promise<AuditPage> {
    const end = after === undefined ? this.#file.bytes : Number(after)
    if (!(await this.#isPlace(end))) throw refuse('invalid', 'after', 'is not what next said')
    let from = end
    let text = Buffer.alloc(0)
    // One line more than asked for has begun when so many newlines were seen, the last line's own too.
    while (from > 0 && newlines(text) <= limit) {
      const part = await this.#file.read(Math.max(0, from - LIMITS.auditReadBytes), from)
      from -= part.length
      text = Buffer.concat([part, text])
    }
    return pageOf(text, { from, end, limit })
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #isPlace(at: number): Promise<boolean> {
    if (!Number.isSafeInteger(at) || at < 0 || at > this.#file.bytes) return false
    return at === 0 || (await this.#file.read(at - 1, at))[0] === NEWLINE
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
    items.push(entryOf(text.toString('utf8', before + 1, lineEnd)))
    lineEnd = before
  }
  const next = end - text.length + lineEnd + 1
  return { items, next: next > 0 ? String(next) : null }
}

/** An old line is the entry itself; in a line of the chain it stands as its record. */
function entryOf(line: string): AuditEntry {
  const parsed = JSON.parse(line) as AuditEntry | { record: AuditEntry }
  return 'record' in parsed ? parsed.record : parsed
}

function newlines(text: Buffer): number {
  let count = 0
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++
  return count
}
