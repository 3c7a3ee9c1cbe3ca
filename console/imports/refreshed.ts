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

  tell(): Promise<void> {
    return this.#rooms.exchange.desk.noteRefreshed(this.#namespaces)
  }

  /** What lines did stays done where their import breaks off: so it is told then, too, if it can be. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    let done: T
    try {
      done = await work()
    } catch (error) {
      await this.tell().catch(() => undefined)
      throw error
    }
    await this.tell()
    return done
  }
}
