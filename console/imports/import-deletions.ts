import { join } from 'node:path'
import type { Audience } from '../../audience/audience.ts'
import { IFA, IFA_HASH } from '../../audience/namespace.ts'
import type { Known, KnownId } from '../../audience/people/known.ts'
import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { LIMITS as EXCHANGE_LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { asksForCsv, csvReply, Format, rowsAsked } from '../resources/csv-reply.ts'
import { pageOf } from '../resources/shapes.ts'
import { CSV_TYPES, isCsv } from './csv-dialect.ts'
import { type Deletion, DeletionReader, DeletionShape } from './deletion-lines.ts'
import { importBody } from './import-body.ts'
import { type ImportRooms, keysOf, namesFor, noted } from './import-rooms.ts'
import { ImportRun } from './import-run.ts'
import { DeletionCounts, report as reportFields } from './import-shapes.ts'
import { type Line, linesOf } from './line-splitter.ts'
import { DELETION_STATUSES, type DeletionStatus, readStatuses, StatusFile } from './status-file.ts'

const STATUSES = Object.keys(DELETION_STATUSES) as DeletionStatus[]
const Query = closed({
  exempt: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9][a-z0-9._-]{0,126}(,[a-z0-9][a-z0-9._-]{0,126}){0,31}$',
      description: 'Namespaces the list does not apply to, such as that of one’s own customers.',
    }),
  ),
})

const ReportShape = {
  name: 'SuppressionsReport',
  schema: closed({
    id: Type.String({ description: 'Names the list: its status file is asked for by it.' }),
    ...reportFields,
    statuses: closed(DeletionCounts),
  }),
}

const StatusQuery = closed({
  after: Type.Optional(Type.String({ pattern: '^[0-9]{1,12}$' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: EXCHANGE_LIMITS.csvRowsMax })),
  format: Format,
})

const StatusShape = {
  name: 'SuppressionStatus',
  schema: closed({ line: Type.Integer({ minimum: 1 }), status: Type.Enum(STATUSES) }),
}

/** `POST /api/suppressions`, and the status file of each list. */
export function deletionRoutes(rooms: ImportRooms): ApiRoute[] {
  return [
    {
      method: 'POST',
      path: '/api/suppressions',
      operationId: 'importSuppressions',
      summary:
        'A deletion list: whoever a line names is deleted, and suppressed for good, known yet or not.',
      permission: 'exchange',
      query: Query,
      body: {
        kind: 'ndjson',
        name: 'SuppressionLine',
        schema: DeletionShape,
        alsoAs: CSV_TYPES,
      },
      answers: { 200: { says: 'What became of the lines.', body: ReportShape } },
      handle: (call) =>
        rooms.slots.run(undefined, async () => ({
          status: 200,
          body: await importDeletions(rooms, call),
        })),
    },
    statusRoute(rooms),
  ]
}

function statusRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/suppressions/{id}/status',
    operationId: 'listSuppressionStatuses',
    summary: 'What became of each line of a deletion list; also while it is being read.',
    permission: 'exchange',
    query: StatusQuery,
    answers: {
      200: { says: 'A page.', body: pageOf(StatusShape), alsoAs: ['text/csv; charset=utf-8'] },
    },
    async handle(call) {
      const { after = '0', limit } = call.query as { after?: string; limit?: number }
      const id = call.params['id']!
      const isCsv = asksForCsv(call)
      const asked = { after: Number(after), limit: rowsAsked(limit, isCsv) }
      const found = /^[\w-]+$/.test(id) ? await readStatuses(dirOf(rooms), id, asked) : undefined
      if (found === undefined) throw refuse('not_found', '', 'there is no such list')
      const { items, isLast } = found
      const next = isLast ? null : String(items.at(-1)!.line)
      if (isCsv) return csvReply(['line', 'status'], { rows: items, next })
      return { status: 200, body: { items, next } }
    },
  }
}

function dirOf({ spoolDir }: ImportRooms): string {
  return join(spoolDir, '..', 'suppressions')
}

async function importDeletions(rooms: ImportRooms, call: Call) {
  keysOf(rooms)
  const id = idNow(rooms)
  const exempt = exemptIn(rooms, call)
  const file = await StatusFile.open(dirOf(rooms), id)
  const reader = new DeletionReader(namesFor(rooms, call), { isCsv: isCsv(call) })
  const statuses = { deleted: 0, opted_out: 0, not_found: 0, exempt: 0 }
  const run = new ImportRun<Deletion>({
    read: (line) => readLine(reader, line, file),
    write: async (batch) => {
      for (const [i, status] of (await suppressed(rooms.audience, batch, exempt)).entries()) {
        statuses[status]++
        file.note(batch[i]!.line, status)
      }
      return []
    },
    passed: (line) => file.write(line),
  })
  const what = { verb: 'importSuppressions', object: `suppressions/${id}`, details: call.query }
  try {
    const work = () => run.run(linesOf(importBody(call)))
    const { report } = await noted(rooms, call, { run, what, work, more: () => ({ ...statuses }) })
    return { id, ...report, statuses }
  } finally {
    await file.close()
  }
}

function readLine(reader: DeletionReader, line: Line, file: StatusFile) {
  const read = reader.read(line)
  if (read !== undefined && 'reason' in read) file.note(line.number, 'bad')
  return read
}

type Suppressed = 'deleted' | 'opted_out' | 'not_found' | 'exempt'

/** Suppresses those a batch names, and all that their matches lead to where the list applies. */
async function suppressed(
  audience: Audience,
  batch: readonly Deletion[],
  exempt: ReadonlySet<number>,
): Promise<Suppressed[]> {
  const named = batch.filter(({ namespace }) => !exempt.has(namespace))
  const enters = ({ namespace }: { namespace: number }) => !exempt.has(namespace)
  const known = await audience.suppress(named, { kind: 'list', enters })
  let place = 0
  const matched = new Set(known.edges.flatMap(({ a, b }) => [a, b]))
  return batch.map(({ namespace }) =>
    exempt.has(namespace) ? 'exempt' : statusOf(known, known.starts[place++]!, matched),
  )
}

function statusOf({ ids }: Known, place: number, matched: ReadonlySet<number>): Suppressed {
  const { memberships, suppression, isCut }: KnownId = ids[place]!
  if (memberships.length > 0 || matched.has(place)) return 'deleted'
  if (suppression !== undefined) return 'opted_out'
  return isCut ? 'exempt' : 'not_found'
}

function exemptIn(rooms: ImportRooms, call: Call): ReadonlySet<number> {
  const names = namesFor(rooms, call)
  const { exempt = '' } = call.query as { exempt?: string }
  const numbers = new Set<number>()
  for (const name of exempt === '' ? [] : exempt.split(',')) {
    const namespace = names.namespace(name)
    if (namespace === undefined) throw refuse('invalid', 'exempt', `there is no namespace ${name}`)
    numbers.add(namespace.number)
    // The same ids by another name.
    if (namespace.number === IFA.number) numbers.add(IFA_HASH.number)
  }
  return numbers
}

/** In order of time, so that the oldest are dropped first. */
function idNow({ clock }: ImportRooms): string {
  const at = new Date(clock.now()).toISOString().replaceAll(/[^0-9]/g, '')
  return `${at}-${Math.floor(Math.random() * 1e9).toString(36)}`
}
