import { Type } from '../../audience/schema.ts'
import { TokenKeysSchema } from '../../audience/tokens/key-ring.ts'
import { TOKEN_KEYS_KIND } from '../../exchange/eids/token-keys-record.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import type { ImportRooms } from '../imports/import-rooms.ts'
import { LIMITS } from '../limits.ts'
import { audited } from './audited.ts'
import { replyWritten } from './object-routes.ts'

const PATH = '/api/namespaces/{id}/token-keys'
const Shown = {
  name: 'TokenKeysShown',
  schema: closed({
    count: Type.Integer({ description: 'How many keys there are.' }),
    changedAt: Type.String({ description: 'When they last changed.' }),
  }),
}

/** `/api/namespaces/{id}/token-keys`: what UID2 and EUID tokens are opened with. */
export function tokenKeysRoutes(rooms: ImportRooms): ApiRoute[] {
  const { audience, exchange } = rooms
  return [
    {
      method: 'GET',
      path: PATH,
      operationId: 'getTokenKeys',
      summary:
        'How many keys a source’s tokens are opened with; the keys themselves are never shown.',
      permission: 'side',
      answers: { 200: { says: 'How many, and since when.', body: Shown } },
      handle({ caller, params }) {
        const { value, version } = exchange.desk.getTokenKeys(caller.actor, params['id']!)
        return { status: 200, body: value, version }
      },
    },
    {
      method: 'PUT',
      path: PATH,
      operationId: 'putTokenKeys',
      summary: 'Takes the keys a source’s tokens are opened with, in place of those before.',
      permission: 'side',
      body: {
        kind: 'json',
        name: 'TokenKeys',
        schema: TokenKeysSchema,
        bytesMax: LIMITS.tokenKeysBytesMax,
      },
      answers: {
        200: { says: 'Replaced, or the same as before.', body: Shown },
        201: { says: 'Taken for the first time.', body: Shown },
      },
      async handle(call) {
        const name = call.params['id']!
        const derive = audience.ready()
          ? (label: string, bytes: number) => audience.deriveKey(label, bytes)!
          : undefined
        const given = { name, body: call.body, derive }
        const write = () => exchange.desk.putTokenKeys(call.caller.actor, given)
        const what = { verb: 'putTokenKeys', kind: TOKEN_KEYS_KIND, id: name }
        return replyWritten(await audited(rooms, call, { ...what, write }))
      },
    },
  ]
}
