import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { IdFaults, idFault } from '../../audience/namespace.ts'
import { expiryDayOf, type MembershipLine } from '../../audience/people/memberships.ts'
import { Refused, refuse } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { LIMITS } from '../limits.ts'
import { LineFaults } from '../reasons.ts'
import { importBody } from './import-body.ts'
import {
  type Imported,
  type ImportRooms,
  importReply,
  keysOf,
  namesFor,
  noted,
} from './import-rooms.ts'
import { type ImportReport, ImportRun } from './import-run.ts'
import { MembershipsQuery, MembershipsReport } from './import-shapes.ts'
import { KeySpool } from './key-spool.ts'
import { linesOf } from './line-splitter.ts'
import {
  lacksEvidence,
  type MembershipReading,
  MembershipShape,
  readMembership,
} from './membership-lines.ts'
import { Refreshed } from './refreshed.ts'
import { type Replaced, replaceSegment } from './replace-segment.ts'

/** `POST /api/memberships`. */
export function membershipsRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/memberships',
    operationId: 'importMemberships',
    summary:
      'Puts people into segments and takes them out, a line each; with segment and mode=replace, makes the lines all there is in a segment.',
    permission: 'side',
    query: MembershipsQuery,
    body: { kind: 'ndjson', name: 'MembershipLine', schema: MembershipShape },
    answers: { 200: { says: 'What became of the lines.', body: MembershipsReport } },
    async handle(call) {
      const replacing = replacedSegment(rooms, call)
      const work = () =>
        replacing ? importReplacing(rooms, call, replacing) : importAdding(rooms, call)
      return importReply(await rooms.slots.run<Imported<ImportReport>>(replacing?.id, work))
    },
  }
}

type Named = Segment & { id: string }

/** The segment that shall be replaced; undefined where none. Refuses half a wish, and what is not the caller's. */
function replacedSegment(rooms: ImportRooms, call: Call): Named | undefined {
  const {
    segment: id,
    mode,
    confirm,
  } = call.query as {
    segment?: string
    mode?: 'replace'
    confirm?: boolean
  }
  const needs = (field: string, other: string) =>
    refuse('invalid', field, `needs ${other} beside it`)
  if (mode && id === undefined) throw needs('mode', 'segment')
  if (!mode && id !== undefined) throw needs('segment', 'mode=replace')
  if (!mode && confirm !== undefined) throw needs('confirm', 'mode=replace')
  if (id === undefined) return undefined
  const segment = namesFor(rooms, call).segment(id)
  if (!segment) throw new Refused('not_found', [{ field: 'segment', reason: `there is no ${id}` }])
  if (lacksEvidence(segment, call.query['basis'] as string | undefined))
    throw refuse('unprocessable', 'basis', LineFaults.needs_basis)
  return { ...segment, id }
}

function importAdding(rooms: ImportRooms, call: Call): Promise<Imported<ImportReport>> {
  keysOf(rooms)
  const reading = readingOf(rooms, call)
  const refreshed = new Refreshed(rooms)
  const run = new ImportRun<MembershipLine>({
    read: (line) => readMembership(line, reading),
    async write(batch) {
      const refusals: string[] = []
      for (const { line, says } of await rooms.audience.assign(batch)) refusals[line] = says
      refreshed.note(batch, refusals)
      return refusals
    },
  })
  const source = importBody(call)
  const more = () => sensitiveIn(reading)
  const work = () => refreshed.during(() => run.run(linesOf(source)))
  return noted(rooms, call, { run, what: whatOf(call), work, more })
}

function readingOf(rooms: ImportRooms, call: Call): MembershipReading {
  const basis = call.query['basis'] as string | undefined
  return { names: namesFor(rooms, call), nowMs: rooms.clock.now(), basis, sensitive: new Set() }
}

/** For the import's entry: which segments its basis is the evidence of explicit consent for. */
function sensitiveIn({ sensitive }: MembershipReading): { sensitive?: string } {
  const named = [...sensitive].slice(0, LIMITS.sensitiveNamedMax)
  return named.length > 0 ? { sensitive: named.join(' ') } : {}
}

/** Lines are set down first: unless all of them arrive, nothing changes. */
async function importReplacing(
  rooms: ImportRooms,
  call: Call,
  segment: Named,
): Promise<Imported<ImportReport & { replaced: Replaced }>> {
  const dir = join(rooms.spoolDir, randomBytes(8).toString('hex'))
  const next = new KeySpool(join(dir, 'next'))
  const now = new KeySpool(join(dir, 'now'))
  const refreshed = new Refreshed(rooms)
  const run = spoolingRun(rooms, { call, segment, next, refreshed })
  const source = importBody(call)
  const isConfirmed = call.query['confirm'] === true
  const replacement = { people: rooms.audience.store.people, next, now, isConfirmed }
  try {
    const work = async () => {
      const report = await run.run(linesOf(source))
      const { rejected } = report
      const asked = { ...replacement, segment: segment.number, rejected }
      const replaced = await replaceSegment(asked)
      await refreshed.tell()
      return { ...report, replaced }
    }
    const more = () => (segment.sensitive ? { sensitive: segment.id } : {})
    return await noted(rooms, call, { run, what: whatOf(call), work, more })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function spoolingRun(
  rooms: ImportRooms,
  {
    call,
    segment,
    next,
    refreshed,
  }: { call: Call; segment: Named; next: KeySpool; refreshed: Refreshed },
): ImportRun<MembershipLine> {
  const keys = keysOf(rooms)
  const reading = { ...readingOf(rooms, call), replacing: segment.id }
  return new ImportRun<MembershipLine>({
    read: (line) => readMembership(line, reading),
    async write(batch) {
      const refusals: string[] = []
      for (const [i, { namespace, value, add, atMs }] of batch.entries()) {
        const fault = idFault(namespace, value)
        if (fault) refusals[i] = IdFaults[fault]
        else if (add.length > 0)
          await next.add(keys.ref(namespace, value).key, expiryDayOf(atMs!, add[0]!.ttlDays))
      }
      refreshed.note(batch, refusals)
      return refusals
    },
  })
}

function whatOf({ query }: Call) {
  return { verb: 'importMemberships', object: 'memberships', details: query }
}
