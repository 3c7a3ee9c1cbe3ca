import { SourceBodySchema } from '../../audience/events/source.ts'
import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { SourceKeyBody } from '../../exchange/key.ts'
import type { ApiRoute } from '../api/route.ts'
import { type AuditedRooms, audited, note } from './audited.ts'
import { KeyMade } from './keys.ts'
import { objectRoutes } from './object-routes.ts'
import { PageQuery, pageOf, shownAs } from './shapes.ts'

const KEYS = '/api/sources/{id}/keys'

const KeyShown = {
  name: 'SourceKeyShown',
  schema: closed({ id: Type.String(), source: Type.String(), createdAt: Type.String() }),
}

/** `/api/sources` and the write keys below each. */
export function sourceRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return [
    ...objectRoutes(rooms, {
      kind: 'source',
      plural: 'sources',
      name: 'Source',
      body: SourceBodySchema,
      shown: shownAs('SourceShown', SourceBodySchema),
      put: desk.putSource,
      get: desk.getSource,
      list: desk.listSources,
      delete: desk.deleteSource,
    }),
    createKeyRoute(rooms),
    listKeysRoute(rooms),
    deleteKeyRoute(rooms),
  ]
}

function createKeyRoute(rooms: AuditedRooms): ApiRoute {
  return {
    method: 'POST',
    path: KEYS,
    operationId: 'createSourceKey',
    summary: 'Makes a write key for a source. The answer is the only place it is ever shown.',
    permission: 'side',
    isCreating: true,
    body: { kind: 'json', name: 'SourceKey', schema: SourceKeyBody, isOptional: true },
    answers: { 201: { says: 'Made.', body: KeyMade } },
    async handle(call) {
      const source = call.params['id']!
      const made = await rooms.exchange.desk.createSourceKey(call.caller.actor, {
        source,
        body: call.body,
      })
      const object = `source_key/${made.id}`
      const details = { source }
      const entry = { verb: 'createSourceKey', object, before: null, after: null, details }
      await note(rooms, call, entry)
      return { status: 201, body: made }
    },
  }
}

function listKeysRoute({ exchange }: AuditedRooms): ApiRoute {
  return {
    method: 'GET',
    path: KEYS,
    operationId: 'listSourceKeys',
    summary: 'A page of a source’s write keys: their ids, never the keys.',
    permission: 'side',
    query: PageQuery,
    answers: { 200: { says: 'A page.', body: pageOf(KeyShown) } },
    handle: ({ caller, params, query }) => ({
      status: 200,
      body: exchange.desk.listSourceKeys(caller.actor, { source: params['id']!, ...query }),
    }),
  }
}

function deleteKeyRoute(rooms: AuditedRooms): ApiRoute {
  return {
    method: 'DELETE',
    path: `${KEYS}/{keyId}`,
    operationId: 'deleteSourceKey',
    summary: 'Revokes a write key: nothing is collected under it any more within a second.',
    permission: 'side',
    answers: { 204: { says: 'Revoked.' } },
    async handle(call) {
      const { id: source, keyId: id } = call.params as { id: string; keyId: string }
      const write = () => rooms.exchange.desk.deleteSourceKey(call.caller.actor, { source, id })
      await audited(rooms, call, { verb: 'deleteSourceKey', kind: 'source_key', id, write })
      return { status: 204 }
    },
  }
}
