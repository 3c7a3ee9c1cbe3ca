import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { KeyBody } from '../../exchange/key.ts'
import type { ApiRoute } from '../api/route.ts'
import { type AuditedRooms, audited, note } from './audited.ts'
import { PageQuery, pageOf, shownAs } from './shapes.ts'

const PATH = '/api/partners/{id}/keys'

/** What the making of a key answers. */
export const KeyMade = {
  name: 'KeyMade',
  schema: closed({
    id: Type.String(),
    key: Type.String({ description: 'Shown here and never again.' }),
  }),
}

const Shown = shownAs('KeyShown', KeyBody, {
  id: Type.String(),
  partner: Type.String(),
  createdAt: Type.String(),
})

/** `/api/partners/{id}/keys`. */
export function keyRoutes(rooms: AuditedRooms): ApiRoute[] {
  return [createRoute(rooms), listRoute(rooms), deleteRoute(rooms)]
}

function createRoute(rooms: AuditedRooms): ApiRoute {
  return {
    method: 'POST',
    path: PATH,
    operationId: 'createKey',
    summary: 'Makes a key for a partner. The answer is the only place it is ever shown.',
    permission: 'side',
    isCreating: true,
    body: { kind: 'json', name: 'Key', schema: KeyBody, isOptional: true },
    answers: { 201: { says: 'Made.', body: KeyMade } },
    async handle(call) {
      const given = { partner: call.params['id']!, body: call.body }
      const made = await rooms.exchange.desk.createKey(call.caller.actor, given)
      const object = `key/${made.id}`
      const details = { partner: given.partner }
      await note(rooms, call, { verb: 'createKey', object, before: null, after: null, details })
      return { status: 201, body: made }
    },
  }
}

function listRoute({ exchange }: AuditedRooms): ApiRoute {
  return {
    method: 'GET',
    path: PATH,
    operationId: 'listKeys',
    summary: 'A page of a partner’s keys: ids and scopes, never the keys.',
    permission: 'side',
    query: PageQuery,
    answers: { 200: { says: 'A page.', body: pageOf(Shown) } },
    handle({ caller, params, query }) {
      const asked = { partner: params['id']!, ...query }
      // A partner that does not exist is told apart from one without keys.
      exchange.desk.getPartner(caller.actor, asked.partner)
      return { status: 200, body: exchange.desk.listKeys(caller.actor, asked) }
    },
  }
}

function deleteRoute(rooms: AuditedRooms): ApiRoute {
  return {
    method: 'DELETE',
    path: `${PATH}/{keyId}`,
    operationId: 'deleteKey',
    summary: 'Revokes a key: no process honours it any more within a second.',
    permission: 'side',
    answers: { 204: { says: 'Revoked.' } },
    async handle(call) {
      const { id, keyId } = call.params as { id: string; keyId: string }
      const write = () =>
        rooms.exchange.desk.deleteKey(call.caller.actor, { partner: id, id: keyId })
      await audited(rooms, call, { verb: 'deleteKey', kind: 'key', id: keyId, write })
      return { status: 204 }
    },
  }
}
