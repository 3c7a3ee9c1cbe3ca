import type { Clock } from '../../audience/clock.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import type { ApiRoute, Call } from '../api/route.ts'
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

const noted = new WeakSet<object>()

/** Notes a write that is none of a catalog object. */
export function note(
  { audit, clock }: Pick<AuditedRooms, 'audit' | 'clock'>,
  call: Pick<Call, 'caller'>,
  what: Omit<AuditEntry, 'at' | 'actor'>,
): Promise<void> {
  noted.add(call)
  const at = new Date(clock.now()).toISOString()
  return audit.append({ at, actor: call.caller.name, ...what })
}

/** Says of a call that could have written that it did not: there is nothing to note. */
export function changedNothing(call: Call): void {
  noted.add(call)
}

/**
 * A route whose calls leave an entry in any case: where it noted none itself, one under the name of the
 * operation. Questions change nothing.
 */
export function alwaysAudited(
  rooms: Pick<AuditedRooms, 'audit' | 'clock'>,
  route: ApiRoute,
): ApiRoute {
  if (route.method === 'GET' || route.isQuestion) return route
  return {
    ...route,
    async handle(call) {
      const reply = await route.handle(call)
      if (noted.has(call)) return reply
      const object = route.path
        .replace('/api/', '')
        .replace(/\{(\w+)\}/g, (_, name) => call.params[name]!)
      await note(rooms, call, { verb: route.operationId, object, before: null, after: null })
      return reply
    },
  }
}

function versionOf({ exchange }: AuditedRooms, kind: string, id: string): number | null {
  return exchange.deskDeps.feed.current()?.kind(kind).get(id)?.version ?? null
}
