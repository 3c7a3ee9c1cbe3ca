import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../audience/clock.ts'
import { refuse } from '../../audience/refusal.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'
import { readUnderWay, UnderWayFile } from './under-way-file.ts'

/** The file in the data directory. */
const UNDER_WAY_FILE = 'imports-under-way.json'

/** Keeps imports within bounds: so many at once, and one replacement of a segment at a time. Knows those under way. */
export class ImportSlots {
  #taken = 0
  readonly #replacing = new Set<string>()
  readonly #underWay = new Set<() => AuditEntry>()
  readonly #file: UnderWayFile

  private constructor(path: string) {
    this.#file = new UnderWayFile(path, () => this.underWay())
  }

  /** Notes in the audit log, as `interrupted`, what was under way when the process before this one ended. */
  static async open(dataDir: string, to: { audit: AuditLog; clock: Clock }): Promise<ImportSlots> {
    const path = join(dataDir, UNDER_WAY_FILE)
    try {
      for (const entry of await readUnderWay(path)) await noteInterrupted(entry, to)
      await rm(path, { force: true })
    } catch {
      // A full disk keeps no desk from starting: what could not be noted is with the next start, if no import comes before.
    }
    return new ImportSlots(path)
  }

  /** Shows an import that begins, as it stands whenever it is asked, until the returned function is called. */
  async show(entry: () => AuditEntry): Promise<() => void> {
    this.#underWay.add(entry)
    await this.#file.keep()
    return () => {
      this.#underWay.delete(entry)
      void this.#file.keep()
    }
  }

  /** Imports under way, newest first, as the audit log will have them. */
  underWay(): AuditEntry[] {
    return [...this.#underWay].reverse().map((entry) => entry())
  }

  /** Runs an import once there is a place for it; without one it is refused at once. */
  async run<T>(replacing: string | undefined, work: () => Promise<T>): Promise<T> {
    if (this.#taken >= LIMITS.importsMax)
      throw new Denied('too_many', `${LIMITS.importsMax} imports are under way`, RETRY)
    if (replacing !== undefined && this.#replacing.has(replacing))
      throw refuse('conflict', 'segment', 'another replacement of it is under way')
    this.#taken++
    if (replacing !== undefined) this.#replacing.add(replacing)
    try {
      return await work()
    } finally {
      this.#taken--
      if (replacing !== undefined) this.#replacing.delete(replacing)
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** One that had come to its end, and is in the log, is not told of twice. */
async function noteInterrupted(
  { at: began, details, ...entry }: AuditEntry,
  { audit, clock }: { audit: AuditLog; clock: Clock },
): Promise<void> {
  const isIt = (noted: AuditEntry) => noted.details?.['import'] === details?.['import']
  if ((await audit.search(isIt, { limit: 1 })).items.length > 0) return
  const at = new Date(clock.now()).toISOString()
  await audit.append({ ...entry, at, details: { ...details, began, outcome: 'interrupted' } })
}

const RETRY = ['retry-after', '5']
