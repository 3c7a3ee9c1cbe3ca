import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { ChainDamages } from '../../exchange/ledger/reasons.ts'
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
    seq: Type.Optional(Type.Integer({ description: 'Its number in the chain.' })),
    chain: Type.Optional(Type.String({ description: 'Hash over it and all before it.' })),
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

const AuditVerified = {
  name: 'AuditVerified',
  schema: closed({
    ok: Type.Boolean(),
    records: Type.Integer({ description: 'Entries found whole, up to the damage.' }),
    chain: Type.String({ description: 'Hash of the last of them.' }),
    before: Type.Integer({ description: 'Entries from before there was a chain.' }),
    damage: Type.Optional(
      closed({
        seq: Type.Integer({ description: 'The first entry that is not what it should be.' }),
        damage: Type.String(),
        says: Type.String(),
      }),
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
        return { status: 200, body: await audit.page({ limit, after }) }
      },
    },
    {
      method: 'GET',
      path: '/api/audit/verify',
      operationId: 'verifyAudit',
      summary:
        'Whether every entry of the audit log is what was written, or the first that is not.',
      permission: 'exchange',
      answers: { 200: { says: 'What was found.', body: AuditVerified } },
      async handle() {
        const { records, chain, before, damage } = await audit.verify()
        const found = damage && {
          seq: damage.seq,
          damage: damage.damage,
          says: ChainDamages[damage.damage],
        }
        const body = { ok: !damage, records, chain, before, ...(found ? { damage: found } : {}) }
        return { status: 200, body }
      },
    },
  ]
}
