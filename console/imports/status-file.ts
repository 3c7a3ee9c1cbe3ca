import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LIMITS } from '../limits.ts'

/** What became of a line of a deletion list, and the byte that says so in a status file. */
export const DELETION_STATUSES = {
  deleted: { code: 'd', says: 'The person was known: what was known is deleted, and stays away.' },
  opted_out: { code: 'o', says: 'The person was suppressed already; nothing was left to delete.' },
  not_found: { code: 'n', says: 'Nobody is known by it; whoever comes by it is suppressed.' },
  exempt: { code: 'e', says: 'It is known only where the list does not apply.' },
  bad: { code: 'b', says: 'The line names nobody: see errors.' },
  none: { code: '-', says: 'The line is blank, or names the columns.' },
} as const
export type DeletionStatus = keyof typeof DELETION_STATUSES

const SUFFIX = '.status'

/** The statuses of one list on disk: a byte for each line, so that a list of any length has one. */
export class StatusFile {
  readonly #file: FileHandle
  /** Of lines that were read, and not written yet. */
  readonly #pending = new Map<number, DeletionStatus>()
  #written = 0
  #last = 0

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Of lists beyond LIMITS.deletionListsMax the oldest are no longer told of. */
  static async open(dir: string, id: string): Promise<StatusFile> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const kept = (await readdir(dir)).filter((name) => name.endsWith(SUFFIX)).sort()
    const surplus = kept.slice(0, Math.max(0, kept.length + 1 - LIMITS.deletionListsMax))
    for (const name of surplus) await rm(join(dir, name), { force: true })
    return new StatusFile(await open(join(dir, `${id}${SUFFIX}`), 'wx', 0o600))
  }

  note(line: number, status: DeletionStatus): void {
    this.#pending.set(line, status)
    this.#last = Math.max(this.#last, line)
  }

  /** Writes the statuses of all lines up to this one; those nobody noted are `none`. */
  async write(upTo: number): Promise<void> {
    const bytes = Buffer.alloc(upTo - this.#written, DELETION_STATUSES.none.code)
    for (const [line, status] of this.#pending) {
      if (line > upTo) continue
      bytes.write(DELETION_STATUSES[status].code, line - 1 - this.#written)
      this.#pending.delete(line)
    }
    if (bytes.length > 0) await this.#file.write(bytes, 0, bytes.length, this.#written)
    this.#written = upTo
  }

  async close(): Promise<void> {
    try {
      await this.write(Math.max(this.#written, this.#last))
      await this.#file.sync()
    } finally {
      await this.#file.close()
    }
  }
}

/** The statuses of some lines, from the one after `after` on; undefined where there is no such list. */
export async function readStatuses(
  dir: string,
  id: string,
  { after, limit }: { after: number; limit: number },
): Promise<{ items: { line: number; status: DeletionStatus }[]; isLast: boolean } | undefined> {
  const file = await open(join(dir, `${id}${SUFFIX}`)).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(limit + 1)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, after)
    const codes = bytes.toString('latin1', 0, Math.min(bytesRead, limit))
    const items = [...codes].map((code, i) => ({ line: after + 1 + i, status: BY_CODE.get(code)! }))
    return { items, isLast: bytesRead <= limit }
  } finally {
    await file.close()
  }
}

const BY_CODE = new Map(
  (Object.keys(DELETION_STATUSES) as DeletionStatus[]).map((status) => [
    DELETION_STATUSES[status].code as string,
    status,
  ]),
)
