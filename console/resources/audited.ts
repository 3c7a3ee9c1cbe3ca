import type { Clock } from '../../audience/clock.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import type { Call } from '../api/route.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { AuditLog } from '../audit/audit-log.ts'

export interface AuditedRooms {
  exchange: Exchange
  usage: UsageDesk
  audit: AuditLog
  clock: Clock
}

export interface AuditedWrite {
  verb: string
  kind: string
  id: string
}

/** Does a write of one catalog object and notes it: what was refused is no write. */
export async function audited<T>(
  rooms: AuditedRooms,
  call: Call,
  { verb, kind, id, write }: AuditedWrite & { write: () => Promise<T> },
): Promise<T> {
  const before = versionOf(rooms, kind, id)
  const written = await write()
  const after = versionOf(rooms, kind, id)
  await note(rooms, call, { verb, object: `${kind}/${id}`, before, after })
  return written
}

/** Notes a write that is none of a catalog object. */
export function note(
  { audit, clock }: Pick<AuditedRooms, 'audit' | 'clock'>,
  call: Pick<Call, 'caller'>,
  what: Omit<AuditEntry, 'at' | 'actor'>,
): Promise<void> {
  const at = new Date(clock.now()).toISOString()
  return audit.append({ at, actor: call.caller.name, ...what })
}

function versionOf({ exchange }: AuditedRooms, kind: string, id: string): number | null {
  return exchange.deskDeps.feed.current()?.kind(kind).get(id)?.version ?? null
}
