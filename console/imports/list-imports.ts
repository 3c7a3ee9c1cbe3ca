import { type Static, Type } from '../../audience/schema.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute, Reply } from '../api/route.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { ShownEntry } from '../audit/audit-log.ts'
import { PageQuery, pageOf } from '../resources/shapes.ts'
import type { Caller } from '../sign-in/caller.ts'
import type { ImportRooms } from './import-rooms.ts'
import { DeletionCounts } from './import-shapes.ts'

const ImportsQuery = closed({
  ...PageQuery.properties,
  id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{16}$' })),
  segment: Type.Optional(OperatorId),
})

const ImportShape = {
  name: 'ImportShown',
  schema: closed({
    id: Type.String(),
    at: Type.String(),
    by: Type.String({ description: 'As the audit log names who did it.' }),
    what: Type.Enum(['memberships', 'matches', 'suppressions', 'events']),
    outcome: Type.String({
      description:
        '`running`: the counts are as of now; `complete`, `broken off`, or `interrupted`: the process ended, at least so many lines are in, and the file may be sent again.',
    }),
    accepted: Type.Integer(),
    rejected: Type.Integer(),
    basis: Type.Optional(Type.String({ description: 'The evidence of consent it rests on.' })),
    segment: Type.Optional(Type.String({ description: 'The segment that was replaced.' })),
    sensitive: Type.Optional(
      Type.Array(Type.String(), { description: 'Sensitive segments that people were put into.' }),
    ),
    source: Type.Optional(Type.String({ description: 'Whose events they are.' })),
    list: Type.Optional(Type.String({ description: 'Of a deletion list: names its status file.' })),
    statuses: Type.Optional(closed(DeletionCounts)),
    seq: Type.Optional(
      Type.Integer({ description: 'Number of its entry in the audit log, once it is over.' }),
    ),
    chain: Type.Optional(Type.String({ description: 'The hash there.' })),
  }),
}
type ImportShown = Static<typeof ImportShape.schema>

/** `GET /api/suppressions`: deletion lists, newest first, and how far those are that are being read. */
export function suppressionsRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/suppressions',
    operationId: 'listSuppressions',
    summary: 'Deletion lists, newest first: what became of them, or how far they are.',
    permission: 'exchange',
    query: PageQuery,
    answers: {
      200: { says: 'A page; it may be short and have a next.', body: pageOf(ImportShape) },
    },
    handle: ({ query }) => importsPage(rooms, query, ({ verb }) => VERBS[verb] === 'suppressions'),
  }
}

/** `GET /api/imports`: what was imported, by whom, on which evidence of consent; it is what the audit log says. */
export function importsRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/imports',
    operationId: 'listImports',
    summary:
      'Imports of people, newest first, also those under way: who, when, how many, and the evidence of consent. A partner sees its own.',
    permission: 'side',
    query: ImportsQuery,
    answers: {
      200: { says: 'A page; it may be short and have a next.', body: pageOf(ImportShape) },
    },
    handle: ({ caller, query }) =>
      importsPage(rooms, query, (entry) => isAsked(entry, query) && isOf(entry, caller)),
  }
}

/** Those under way head the first page. */
async function importsPage(
  { audit, slots }: ImportRooms,
  { limit = LIMITS.pageDefault, after }: Static<typeof PageQuery>,
  keep: (entry: AuditEntry) => boolean,
): Promise<Reply> {
  const wanted = (entry: AuditEntry) => isImport(entry) && keep(entry)
  const running = after === undefined ? slots.underWay().filter(wanted) : []
  const { items, next } = await audit.search(wanted, { limit, after })
  // One that ended between the two looks is told once.
  const ended = new Set(items.map(({ details }) => details?.['import']))
  const open = running.filter(({ details }) => !ended.has(details?.['import']))
  return { status: 200, body: { items: [...open, ...items].map(shown), next } }
}

const VERBS: Readonly<Record<string, ImportShown['what']>> = {
  importMemberships: 'memberships',
  importMatches: 'matches',
  importSuppressions: 'suppressions',
  importEvents: 'events',
}

/** Those from before imports had ids were not made to be found again. */
function isImport({ verb, details }: ShownEntry): boolean {
  return Object.hasOwn(VERBS, verb) && typeof details?.['import'] === 'string'
}

function isAsked(
  { details = {} }: AuditEntry,
  { id, segment }: { id?: string; segment?: string },
): boolean {
  if (id !== undefined && details['import'] !== id) return false
  if (segment === undefined) return true
  return details['segment'] === segment || sensitiveOf(details).includes(segment)
}

function isOf({ actor }: AuditEntry, { actor: { partner } }: Caller): boolean {
  return partner === undefined || actor.startsWith(`partner ${partner} `)
}

function shown({ at, actor, verb, object, details = {}, seq, chain }: ShownEntry): ImportShown {
  const { import: id, outcome, accepted, rejected, basis, segment, source } = details
  const sensitive = sensitiveOf(details)
  return {
    id: String(id),
    at,
    by: actor,
    what: VERBS[verb]!,
    outcome: String(outcome),
    accepted: Number(accepted),
    rejected: Number(rejected),
    ...(basis === undefined ? {} : { basis: String(basis) }),
    ...(segment === undefined ? {} : { segment: String(segment) }),
    ...(sensitive.length > 0 ? { sensitive } : {}),
    ...(source === undefined ? {} : { source: String(source) }),
    ...(verb === 'importSuppressions' ? listIn(object, details) : {}),
    ...(seq === undefined ? {} : { seq }),
    ...(chain === undefined ? {} : { chain }),
  }
}

function listIn(object: string, details: NonNullable<AuditEntry['details']>) {
  const counts = Object.keys(DeletionCounts).map((status) => [status, Number(details[status] ?? 0)])
  return { list: object.replace('suppressions/', ''), statuses: Object.fromEntries(counts) }
}

function sensitiveOf({ sensitive = '' }: NonNullable<AuditEntry['details']>): string[] {
  return String(sensitive)
    .split(' ')
    .filter((id) => id !== '')
}
