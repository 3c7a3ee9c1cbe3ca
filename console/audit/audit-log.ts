import type { Clock } from '../../audience/clock.ts'
import { refuse } from '../../audience/refusal.ts'
import type { ChainEnd, ChainLine } from '../../exchange/ledger/chain-line.ts'
import { ChainedFile } from '../../exchange/ledger/chained-file.ts'
import { type ChainReport, verifyChain } from '../../exchange/ledger/verify-chain.ts'
import { LIMITS } from '../limits.ts'
import type { AuditEntry } from './audit-entry.ts'

/** The name that the chain of the audit log begins with, and the file in the data directory. */
export const AUDIT_STREAM = 'audit'
export const AUDIT_FILE = 'audit.ndjson'

const NEWLINE = 10

/** An entry as it is shown: with its place in the chain, unless it is from before there was one. */
export interface ShownEntry extends AuditEntry {
  /** Number of the line, and the hash that holds it and all before it. */
  seq?: number
  chain?: string
}

/** A page of the log, newest entry first. */
export interface AuditPage {
  items: ShownEntry[]
  /** What to ask `after` for older entries; null where there are none. */
  next: string | null
}

export interface AuditPageOptions {
  limit: number
  /** What `next` said. */
  after?: string | undefined
}

/**
 * The append-only log of writes: a chained file in the data directory, mode 0600. One process writes it. An
 * entry is durable when `append` resolves; entries of one moment share a sync. Lines from before there was a
 * chain stay as they are, and are part of what the chain begins with.
 */
export class AuditLog {
  readonly #file: ChainedFile
  readonly #path: string

  private constructor(file: ChainedFile, path: string) {
    this.#file = file
    this.#path = path
  }

  /** Opens or makes the file. An entry that a crash cut off, which nobody was told is kept, is cut away. */
  static async open(path: string, clock: Clock): Promise<AuditLog> {
    return new AuditLog(await ChainedFile.open({ path, stream: AUDIT_STREAM, clock }), path)
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
  async page(options: AuditPageOptions): Promise<AuditPage> {
    const { lines, next } = await this.#lines(options)
    return { items: lines.map(({ shown }) => shown), next }
  }

  /**
   * Like `page`, of entries that `keep` says yes to. A page may have fewer than `limit` and still a `next`: at
   * most LIMITS.auditSearchLines are looked through for one.
   */
  async search(
    keep: (entry: AuditEntry) => boolean,
    { limit, after }: AuditPageOptions,
  ): Promise<AuditPage> {
    const items: ShownEntry[] = []
    let place = after
    for (let looked = 0; looked < LIMITS.auditSearchLines; looked += PAGE_LINES) {
      const { lines, next } = await this.#lines({ limit: PAGE_LINES, after: place })
      for (const { shown, at } of lines) {
        if (!keep(shown)) continue
        items.push(shown)
        if (items.length === limit) return { items, next: at > 0 ? String(at) : null }
      }
      if (next === null) return { items, next }
      place = next
    }
    return { items, next: place ?? null }
  }

  /** Checks every entry against its hash and the one before, from the first to the last on disk. */
  async verify(): Promise<ChainReport> {
    const { seq, chain } = this.#file.end
    await this.#file.settle()
    const held = seq > 0 ? { seq, digest: chain } : undefined
    return verifyChain({ path: this.#path, stream: AUDIT_STREAM, held, mayBeginLater: true })
  }

  async #lines({ limit, after }: AuditPageOptions): Promise<LinePage> {
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

interface Line {
  shown: ShownEntry
  /** Where it begins in the file. */
  at: number
}

interface LinePage {
  lines: Line[]
  next: string | null
}

function pageOf(
  text: Buffer,
  { from, end, limit }: { from: number; end: number; limit: number },
): LinePage {
  const start = end - text.length
  const lines: Line[] = []
  let lineEnd = text.length - 1
  while (lineEnd > 0 && lines.length < limit) {
    const before = text.lastIndexOf(NEWLINE, lineEnd - 1)
    if (before < 0 && from > 0) break
    const shown = entryOf(text.toString('utf8', before + 1, lineEnd))
    lines.push({ shown, at: start + before + 1 })
    lineEnd = before
  }
  const next = start + lineEnd + 1
  return { lines, next: next > 0 ? String(next) : null }
}

/** An old line is the entry itself; in a line of the chain it stands as its record. */
function entryOf(line: string): ShownEntry {
  const parsed = JSON.parse(line) as AuditEntry | (ChainLine & { record: AuditEntry })
  return 'record' in parsed ? { ...parsed.record, seq: parsed.seq, chain: parsed.chain } : parsed
}

/** Lines looked at in one step of a search. */
const PAGE_LINES = 500

function newlines(text: Buffer): number {
  let count = 0
  for (let at = text.indexOf(NEWLINE); at >= 0; at = text.indexOf(NEWLINE, at + 1)) count++
  return count
}
