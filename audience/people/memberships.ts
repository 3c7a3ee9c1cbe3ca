import { DAY_MS } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import { type IdFault, IdFaults, idFault } from '../namespace.ts'
import type { Assignment, PeopleStore } from '../store/store.ts'
import { type AssignRefusal, AssignRefusals } from './reasons.ts'
import type { UserKeys } from './user-key.ts'

/** One line of an import: which segments one id is put into and taken out of. */
export interface MembershipLine {
  /** Namespace number. */
  namespace: number
  value: string
  add: readonly { segment: number; ttlDays: number }[]
  /** Segment numbers. One that is also in `add` is removed: in doubt, less is known about the person. */
  remove: readonly number[]
  /** When it became so; default: now. */
  atMs?: number
}

/** A line of which nothing was kept. `line` counts from 0. */
export interface MembershipFault {
  line: number
  reason: IdFault | AssignRefusal
  /** The reason as a sentence. */
  says: string
}

export interface MembershipDeps {
  store: PeopleStore
  keys: UserKeys
  clock: { now(): number }
}

/**
 * Puts people into segments and takes them out, in the order of the lines. Resolves once all that was
 * kept is durable, with the lines whose id is none, or of a person who is to be left alone. Rejects when the store does; what was written by
 * then stays, and writing all again has the same outcome.
 */
export async function assignMemberships(
  deps: MembershipDeps,
  lines: readonly MembershipLine[],
): Promise<MembershipFault[]> {
  const faults: MembershipFault[] = []
  const batch = new Map<string, Changed>()
  for (const [i, line] of lines.entries()) {
    const reason = idFault(line.namespace, line.value)
    if (reason) faults.push({ line: i, reason, says: IdFaults[reason] })
    else note(batch, deps, line, i)
    if (batch.size === LIMITS.writeBatchMax) faults.push(...(await write(deps.store, batch)))
  }
  faults.push(...(await write(deps.store, batch)))
  return faults.sort((a, b) => a.line - b.line)
}

/**
 * First UTC day on which a membership or match that began at `atMs` no longer holds: it holds for
 * `ttlDays` at least, and to the end of that day.
 */
export function expiryDayOf(atMs: number, ttlDays: number): number {
  return Math.ceil((atMs + ttlDays * DAY_MS) / DAY_MS)
}

/** What becomes of one id in a batch: the last word on each segment counts. */
interface Changed {
  key: Buffer
  /** Segment number → expiry day; REMOVED where it is taken out. */
  segments: Map<number, number>
  /** The lines that add something. */
  adding: number[]
}

const REMOVED = -1

function note(
  batch: Map<string, Changed>,
  deps: MembershipDeps,
  line: MembershipLine,
  number: number,
): void {
  const { key } = deps.keys.ref(line.namespace, line.value)
  const name = key.toString('latin1')
  const changed = batch.get(name) ?? { key, segments: new Map<number, number>(), adding: [] }
  batch.set(name, changed)
  if (line.add.length > 0) changed.adding.push(number)
  const atMs = line.atMs ?? deps.clock.now()
  for (const { segment, ttlDays } of line.add)
    changed.segments.set(segment, expiryDayOf(atMs, ttlDays))
  for (const segment of line.remove) changed.segments.set(segment, REMOVED)
}

async function write(store: PeopleStore, batch: Map<string, Changed>): Promise<MembershipFault[]> {
  if (batch.size === 0) return []
  const changes = [...batch.values()]
  batch.clear()
  const refused = await store.assign(changes.map(assignmentOf))
  const reason = 'suppressed'
  const lines = refused.flatMap((place) => changes[place]!.adding)
  return lines.map((line) => ({ line, reason, says: AssignRefusals[reason] }))
}

function assignmentOf({ key, segments }: Changed): Assignment {
  const assignment: Assignment = { key, add: [], remove: [] }
  for (const [segment, expiryDay] of segments) {
    if (expiryDay === REMOVED) assignment.remove.push(segment)
    else assignment.add.push({ segment, expiryDay })
  }
  return assignment
}
