import { type Static, Type } from '../../audience/schema.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditEntry } from '../audit/audit-entry.ts'
import type { ShownEntry } from '../audit/audit-log.ts'
import { PageQuery, pageOf } from '../resources/shapes.ts'
import type { Caller } from '../sign-in/caller.ts'
import type { ImportRooms } from './import-rooms.ts'

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
    what: Type.Enum(['memberships', 'matches']),
    outcome: Type.String({ description: '`complete`, or `broken off`.' }),
    accepted: Type.Integer(),
    rejected: Type.Integer(),
    basis: Type.Optional(Type.String({ description: 'The evidence of consent it rests on.' })),
    segment: Type.Optional(Type.String({ description: 'The segment that was replaced.' })),
    sensitive: Type.Optional(
      Type.Array(Type.String(), { description: 'Sensitive segments that people were put into.' }),
    ),
    seq: Type.Integer({ description: 'Number of its entry in the audit log, and the hash there.' }),
    chain: Type.String(),
  }),
}
type ImportShown = Static<typeof ImportShape.schema>

/** `GET /api/imports`: what was imported, by whom, on which evidence of consent; it is what the audit log says. */
export function importsRoute({ audit }: ImportRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/imports',
    operationId: 'listImports',
    summary:
      'Imports of people, newest first: who, when, how many, and the evidence of consent. A partner sees its own.',
    permission: 'side',
    query: ImportsQuery,
    answers: {
      200: { says: 'A page; it may be short and have a next.', body: pageOf(ImportShape) },
    },
    async handle({ caller, query }) {
      const { limit = LIMITS.pageDefault, after, ...asked } = query as Static<typeof ImportsQuery>
      const keep = (entry: AuditEntry) =>
        isImport(entry) && isAsked(entry, asked) && isOf(entry, caller)
      const { items, next } = await audit.search(keep, { limit, after })
      return { status: 200, body: { items: items.map(shown), next } }
    },
  }
}

const VERBS: Readonly<Record<string, ImportShown['what']>> = {
  importMemberships: 'memberships',
  importMatches: 'matches',
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

function shown({ at, actor, verb, details = {}, seq, chain }: ShownEntry): ImportShown {
  const { import: id, outcome, accepted, rejected, basis, segment } = details
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
    seq: seq!,
    chain: chain!,
  }
}

function sensitiveOf({ sensitive = '' }: NonNullable<AuditEntry['details']>): string[] {
  return String(sensitive)
    .split(' ')
    .filter((id) => id !== '')
}
