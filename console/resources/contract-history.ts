import { Type } from '../../audience/schema.ts'
import { ContractBody, USES } from '../../exchange/contract.ts'
import { closed, listOf } from '../../exchange/fields.ts'
import { DormantReasons } from '../../exchange/live-contracts.ts'
import type { ApiRoute, NamedSchema } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { PageQuery, pageOf } from './shapes.ts'

const { properties: Terms } = ContractBody

const Version: NamedSchema = {
  name: 'ContractVersion',
  schema: closed({
    version: Type.Integer(),
    termsAt: Type.String({ description: 'When these terms were written.' }),
    activeSince: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'When they first came into force; null: never.',
    }),
    signed: closed({
      seller: Type.Optional(Type.String()),
      buyer: Type.Optional(Type.String()),
    }),
  }),
}

const Part = closed({
  segments: Type.Array(Type.String()),
  uses: Type.Array(Type.Enum([...USES])),
  countries: Type.Array(Type.String({ description: 'Alpha-3; `none`: requests of no country.' })),
  periods: Type.Array(closed({ from: Type.String(), until: Type.String() })),
})

const Entitlements: NamedSchema = {
  name: 'ContractEntitlements',
  schema: closed({
    contract: Type.String(),
    version: Type.Integer(),
    seller: Terms.seller,
    buyer: Terms.buyer,
    segments: Terms.segments,
    uses: Terms.uses,
    countries: listOf(Type.String(), 300),
    startsAt: Type.String({ description: 'UTC' }),
    endsAt: Type.String({ description: 'UTC' }),
    caps: Type.Array(Type.Object({})),
    writeAs: Type.String(),
    billOn: Type.String(),
    seats: Type.Array(Type.String()),
    externalIds: Type.Record(Type.String(), Type.String()),
    dormant: Type.Array(Type.Enum(Object.keys(DormantReasons)), {
      description: 'Why it gives nothing now; empty where it is in force.',
    }),
    diff: Type.Optional(
      closed({
        from: Type.Integer({ description: 'The version compared with.' }),
        gained: Part,
        lost: Part,
        changed: Type.Array(
          closed({ field: Type.String(), before: Type.Unknown(), after: Type.Unknown() }),
        ),
      }),
    ),
  }),
}

const DiffQuery = closed({
  diff: Type.Optional(
    Type.Integer({ minimum: 1, description: 'A version: what was gained and lost since.' }),
  ),
})

/** What a contract's terms were, and what they come to. */
export function contractHistoryRoutes({ exchange }: AuditedRooms, shown: NamedSchema): ApiRoute[] {
  const { desk } = exchange
  return [
    {
      method: 'GET',
      path: '/api/contracts/{id}/versions',
      operationId: 'listContractVersions',
      summary: 'A page of the versions of a contract’s terms, the newest first.',
      permission: 'side',
      query: PageQuery,
      answers: { 200: { says: 'A page.', body: pageOf(Version) } },
      handle: ({ caller, params, query }) => ({
        status: 200,
        body: desk.listContractVersions(caller.actor, { id: params['id']!, ...query }),
      }),
    },
    {
      method: 'GET',
      path: '/api/contracts/{id}/versions/{version}',
      operationId: 'getContractVersion',
      summary: 'A contract as it was under one version of its terms.',
      permission: 'side',
      answers: { 200: { says: 'The contract as it was.', body: shown } },
      handle: ({ caller, params }) => ({
        status: 200,
        body: desk.getContractVersion(caller.actor, {
          id: params['id']!,
          version: Number(params['version']),
        }),
      }),
    },
    {
      method: 'GET',
      path: '/api/contracts/{id}/entitlements',
      operationId: 'getContractEntitlements',
      summary:
        'What a contract entitles its buyer to, and with diff, what changed since a version.',
      permission: 'side',
      query: DiffQuery,
      answers: { 200: { says: 'The compiled form.', body: Entitlements } },
      handle({ caller, params, query }) {
        const { diff } = query as { diff?: number }
        const { value, version } = desk.getEntitlements(caller.actor, { id: params['id']!, diff })
        return { status: 200, body: value, version }
      },
    },
  ]
}
