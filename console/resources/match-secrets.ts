import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { MatchSecretBody } from '../../exchange/sync/match-secret.ts'
import type { ApiRoute } from '../api/route.ts'
import type { ImportRooms } from '../imports/import-rooms.ts'
import { note } from './audited.ts'

const Made = {
  name: 'MatchSecretMade',
  schema: closed({ secret: Type.String({ description: 'Shown here and never again.' }) }),
}

/** `POST /api/partners/{id}/match-secret`. */
export function matchSecretRoute(rooms: ImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/partners/{id}/match-secret',
    operationId: 'makeMatchSecret',
    summary:
      'Makes the secret a partner signs /match with, or takes the one it made. The one before stays good until the next.',
    permission: 'side',
    isCreating: true,
    body: { kind: 'json', name: 'MatchSecret', schema: MatchSecretBody, isOptional: true },
    answers: { 201: { says: 'Made.', body: Made } },
    async handle(call) {
      const partner = call.params['id']!
      const { audience, exchange } = rooms
      const derive = audience.ready()
        ? (label: string, bytes: number) => audience.deriveKey(label, bytes)!
        : undefined
      const given = { partner, body: call.body, derive }
      const made = await exchange.desk.makeMatchSecretFor(call.caller.actor, given)
      const object = `match-secret/${partner}`
      await note(rooms, call, { verb: 'makeMatchSecret', object, before: null, after: null })
      return { status: 201, body: made }
    },
  }
}
