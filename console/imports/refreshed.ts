import type { MembershipLine } from '../../audience/people/memberships.ts'
import type { AuditedRooms } from '../resources/audited.ts'

/** Which segments an import put people into, and under which namespaces: their data labels tell of it. */
export class Refreshed {
  readonly #rooms: Pick<AuditedRooms, 'exchange'>
  readonly #namespaces = new Map<number, Set<number>>()

  constructor(rooms: Pick<AuditedRooms, 'exchange'>) {
    this.#rooms = rooms
  }

  /** Of a batch, the lines that were not refused. */
  note(batch: readonly MembershipLine[], refusals: readonly (string | undefined)[]): void {
    for (const [i, { namespace, add }] of batch.entries()) {
      if (refusals[i] !== undefined) continue
      for (const { segment } of add) {
        const known = this.#namespaces.get(segment)
        if (known) known.add(namespace)
        else this.#namespaces.set(segment, new Set([namespace]))
      }
    }
  }

  /** What lines did stays done where the import breaks off, so it is told then, too. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      await this.#tell()
    }
  }

  /** For an import that changes something in its end only. */
  async after<T>(work: () => Promise<T>): Promise<T> {
    const done = await work()
    await this.#tell()
    return done
  }

  #tell(): Promise<void> {
    return this.#rooms.exchange.desk.noteRefreshed(this.#namespaces)
  }
}
