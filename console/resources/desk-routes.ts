import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { PageQuery, pageOf } from './shapes.ts'

const CatalogVersion = {
  name: 'CatalogVersion',
  schema: closed({
    version: Type.Integer(),
    confirmed: Type.Boolean({
      description: 'False where the store could not confirm it for some seconds.',
    }),
  }),
}

const Version = Type.Unsafe<number | null>({ type: ['integer', 'null'] })

const AuditEntryShape = {
  name: 'AuditEntry',
  schema: closed({
    at: Type.String(),
    actor: Type.String(),
    verb: Type.String(),
    object: Type.String(),
    before: Version,
    after: Version,
    details: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] }),
      ),
    ),
  }),
}

/** What tells of the desk itself: the version of the catalog, and who changed what. */
export function deskRoutes({ exchange, audit }: AuditedRooms): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/catalog/version',
      operationId: 'getCatalogVersion',
      summary: 'Which catalog this desk has; every process has it within a second.',
      permission: 'side',
      answers: { 200: { says: 'The version.', body: CatalogVersion } },
      handle: () => ({
        status: 200,
        body: {
          version: exchange.deskDeps.feed.current()!.version,
          confirmed: exchange.confirmed(),
        },
      }),
    },
    {
      method: 'GET',
      path: '/api/audit',
      operationId: 'listAudit',
      summary: 'Every write, newest first: who, what, when, and the versions before and after.',
      permission: 'exchange',
      query: PageQuery,
      answers: { 200: { says: 'A page.', body: pageOf(AuditEntryShape) } },
      async handle({ query }) {
        const { limit = LIMITS.pageDefault, after } = query as { limit?: number; after?: string }
        const page = await audit.page({ limit, ...(after === undefined ? {} : { after }) })
        return { status: 200, body: page }
      },
    },
  ]
}
