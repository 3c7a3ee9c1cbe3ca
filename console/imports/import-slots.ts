import { refuse } from '../../audience/refusal.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import { LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'

/** Keeps imports within bounds: so many at once, and one replacement of a segment at a time. Knows those under way. */
export class ImportSlots {
  #taken = 0
  readonly #replacing = new Set<string>()
  readonly #underWay = new Set<() => AuditEntry>()

  /** Shows an import that began, as it stands whenever it is asked, until the returned function is called. */
  show(entry: () => AuditEntry): () => void {
    this.#underWay.add(entry)
    return () => this.#underWay.delete(entry)
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
}

const RETRY = ['retry-after', '5']
