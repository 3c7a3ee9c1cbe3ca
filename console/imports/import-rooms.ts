import { randomBytes } from 'node:crypto'
import type { Audience } from '../../audience/audience.ts'
import type { Call, Reply } from '../api/route.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import { Denied } from '../reasons.ts'
import { type AuditedRooms, note } from '../resources/audited.ts'
import { ImportNames } from './import-names.ts'
import type { ImportReport, ImportRun } from './import-run.ts'
import type { ImportSlots } from './import-slots.ts'

/** An import that came to its end. */
export interface Imported<R> {
  id: string
  report: R
}

/** The answer names the import in a header, as its report is the same whether it was kept or not. */
export function importReply({ id, report }: Imported<ImportReport>): Reply {
  return { status: 200, body: report, headers: ['x-passerelle-import', id] }
}

/** What imports work with. */
export interface ImportRooms extends AuditedRooms {
  audience: Audience
  slots: ImportSlots
  /** Where `mode=replace` sets people down meanwhile. */
  spoolDir: string
}

export function namesFor({ exchange }: ImportRooms, { caller }: Call): ImportNames {
  return new ImportNames(caller.actor, () => exchange.deskDeps.feed.current())
}

/** The key under which ids are known, or a refusal while the store was never reached. */
export function keysOf({ audience }: ImportRooms) {
  const keys = audience.userKeys()
  if (keys) return keys
  throw new Denied('starting', 'the store has not been reached yet', ['retry-after', '1'])
}

/**
 * Runs an import to its end and notes it, whether it came to its end or broke off: what was kept by
 * then is kept. The entry is found by its id (`GET /api/imports`), and how far it is while it runs.
 */
export async function noted<R extends ImportReport>(
  rooms: ImportRooms,
  call: Call,
  {
    run,
    what,
    work,
    more,
  }: {
    run: Pick<ImportRun<unknown>, 'counts'>
    what: Pick<AuditEntry, 'verb' | 'object' | 'details'>
    work: () => Promise<R>
    /** Details that are known once it is over. */
    more?: () => NonNullable<AuditEntry['details']>
  },
): Promise<Imported<R>> {
  const id = randomBytes(8).toString('hex')
  const asOf = (outcome: string) => {
    const { accepted, rejected } = run.counts()
    const details = { import: id, ...what.details, ...more?.(), outcome, accepted, rejected }
    return { ...what, before: null, after: null, details }
  }
  const began = { at: new Date(rooms.clock.now()).toISOString(), actor: call.caller.name }
  const isOver = await rooms.slots.show(() => ({ ...began, ...asOf('running') }))
  try {
    const report = await work()
    await note(rooms, call, asOf('complete'))
    return { id, report }
  } catch (error) {
    // What broke the import off, a full disk say, may break this too; the caller is told of the first.
    await note(rooms, call, asOf('broken off')).catch(() => undefined)
    throw error
  } finally {
    isOver()
  }
}
