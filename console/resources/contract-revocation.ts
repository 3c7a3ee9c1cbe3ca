import type { Audience } from '../../audience/audience.ts'
import { type TSchema, Type } from '../../audience/schema.ts'
import type { Affected } from '../../exchange/desk/contract-affected.ts'
import { closed } from '../../exchange/fields.ts'
import { CSV_TYPE } from '../api/csv.ts'
import type { ApiRoute, Call, NamedSchema } from '../api/route.ts'
import { type AuditedRooms, audited, note } from './audited.ts'
import { awaitServed, type Served } from './await-served.ts'
import { asksForCsv, csvReply, Format } from './csv-reply.ts'
import { ifMatchOf, type ObjectResource } from './object-routes.ts'

export interface RevocationRooms extends AuditedRooms {
  audience: Audience
}

const AffectedShape = closed({
  segments: Type.Array(
    closed({
      segment: Type.String(),
      name: Type.String(),
      otherwise: Type.Array(Type.String(), {
        description: 'Other contracts of the buyer, in force, that give it.',
      }),
    }),
  ),
  deals: Type.Array(
    closed({
      deal: Type.String(),
      name: Type.String(),
      exchange: Type.String(),
      segments: Type.Array(Type.String()),
      withheld: Type.Boolean({ description: 'Without this contract the deal is in no request.' }),
    }),
  ),
  otherDeals: Type.Integer({ description: 'How many more, which are not yours to see.' }),
})

const Name = { instance: Type.String(), process: Type.String() }

/** `POST …/revoke`, which tells who has taken it over, and the list of what rests on a contract. */
export function revocationRoutes(
  rooms: RevocationRooms,
  { resource, shown }: { resource: ObjectResource; shown: NamedSchema },
): ApiRoute[] {
  return [revokeRoute(rooms, { resource, shown }), affectedRoute(rooms)]
}

function revokeRoute(
  rooms: RevocationRooms,
  { resource, shown }: { resource: ObjectResource; shown: NamedSchema },
): ApiRoute {
  const { desk } = rooms.exchange
  const verb = 'revokeContract'
  return {
    method: 'POST',
    path: '/api/contracts/{id}/revoke',
    operationId: verb,
    summary:
      'Ends a contract: what it allowed is gone from every process within a second, and the answer says from which since when.',
    permission: 'side',
    isVersioned: true,
    body: { kind: 'json', isOptional: true, name: 'Nothing', schema: closed({}) },
    answers: {
      200: { says: 'The contract as it is now, and what became of it.', body: revoked(shown) },
    },
    async handle(call) {
      const sinceMs = rooms.clock.elapsed()
      const id = call.params['id']!
      const given = { id, body: call.body, ifMatch: ifMatchOf(call, resource) }
      const write = () => desk.revokeContract(call.caller.actor, given)
      const { value, version } = await audited(rooms, call, { verb, kind: 'contract', id, write })
      const { presence } = rooms.audience.store
      const served = await awaitServed(presence, { version, sinceMs, clock: rooms.clock })
      await noteServed(rooms, call, { id, version, served })
      const affected = desk.getAffected(call.caller.actor, id)
      return { status: 200, version, body: { ...value, ...served, affected } }
    },
  }
}

function affectedRoute({ exchange }: RevocationRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/contracts/{id}/affected',
    operationId: 'getContractAffected',
    summary: 'Segments and deals that rest on a contract: what its buyer loses with it.',
    permission: 'side',
    query: closed({ format: Format }),
    answers: {
      200: {
        says: 'What rests on it.',
        body: { name: 'ContractAffected', schema: AffectedShape },
        alsoAs: [CSV_TYPE],
      },
    },
    handle(call) {
      const affected = exchange.desk.getAffected(call.caller.actor, call.params['id']!)
      if (!asksForCsv(call)) return { status: 200, body: affected }
      return csvReply(COLUMNS, { rows: rowsOf(affected) })
    },
  }
}

function revoked({ schema }: NamedSchema): NamedSchema {
  const { properties } = schema as unknown as { properties: Record<string, TSchema> }
  const more = {
    acknowledged: Type.Array(
      closed({
        ...Name,
        ms: Type.Integer({ description: 'From the request to when the process was known to.' }),
      }),
    ),
    unconfirmed: Type.Array(closed(Name), {
      description: 'Did not say so in time; cut off, they stop sharing by themselves within 5 s.',
    }),
    affected: AffectedShape,
  }
  return { name: 'RevokedContract', schema: closed({ ...properties, ...more }) }
}

/** The revocation itself was noted when it was written; this is who had it when. */
function noteServed(
  rooms: RevocationRooms,
  call: Call,
  { id, version, served }: { id: string; version: number; served: Served },
): Promise<void> {
  const details = {
    acknowledged: served.acknowledged.length,
    unconfirmed: served.unconfirmed.length,
    slowestMs: Math.max(0, ...served.acknowledged.map(({ ms }) => ms)),
  }
  const object = `contract/${id}`
  const what = { verb: 'confirmRevocation', object, before: version, after: version, details }
  return note(rooms, call, what)
}

const COLUMNS = ['kind', 'id', 'name', 'segments', 'otherwise', 'withheld'] as const

/** One row for each segment and each deal; lists are separated by spaces, as no id holds one. */
function rowsOf({ segments, deals }: Affected) {
  return [
    ...segments.map(({ segment, name, otherwise }) => ({
      kind: 'segment',
      id: segment,
      name,
      segments: '',
      otherwise: otherwise.join(' '),
      withheld: otherwise.length === 0,
    })),
    ...deals.map((deal) => ({
      kind: 'deal',
      id: deal.deal,
      name: deal.name,
      segments: deal.segments.join(' '),
      otherwise: '',
      withheld: deal.withheld,
    })),
  ]
}
