import { readFile, rename, writeFile } from 'node:fs/promises'
import { Rounds } from '../../audience/rounds.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import { LIMITS } from '../limits.ts'

/**
 * Imports under way as the audit log will have them, in a file beside it: one that ends with its process is told of all the
 * same. It is not synced: a machine that loses power may lose what it says, and nothing of what was imported.
 */
export class UnderWayFile {
  readonly #path: string
  readonly #entries: () => AuditEntry[]
  readonly #rounds: Rounds
  #written = JSON.stringify([])

  constructor(path: string, entries: () => AuditEntry[]) {
    this.#path = path
    this.#entries = entries
    this.#rounds = new Rounds(LIMITS.importKeptEveryMs, () => this.#write())
  }

  /** Resolves when the file says what is under way now. */
  keep(): Promise<void> {
    return this.#rounds.poke()
  }

  close(): Promise<void> {
    return this.#rounds.stop()
  }

  /** A full disk holds up no import: what it breaks will say so. */
  async #write(): Promise<void> {
    const text = JSON.stringify(this.#entries())
    if (text === this.#written) return
    const draft = `${this.#path}.draft`
    try {
      await writeFile(draft, text, { mode: 0o600 })
      await rename(draft, this.#path)
      this.#written = text
    } catch {
      // It is tried again with the next round.
    }
  }
}

/** What the file says; nothing where there is none, or none that can be read. */
export async function readUnderWay(path: string): Promise<AuditEntry[]> {
  try {
    const entries = JSON.parse(await readFile(path, 'utf8'))
    return Array.isArray(entries) ? entries : []
  } catch {
    return []
  }
}
