import { SETTINGS_KIND, SYNC_SETTINGS_ID, SyncSettings } from '../../exchange/sync/sync-settings.ts'
import { ifMatchVersion } from '../api/if-match.ts'
import type { ApiRoute } from '../api/route.ts'
import { type AuditedRooms, audited } from './audited.ts'
import { replyWritten } from './object-routes.ts'

const PATH = '/api/settings/sync'
const Shown = { name: 'SyncSettingsShown', schema: SyncSettings }

/** `/api/settings/sync`: how pages sync, where their publisher says nothing else. */
export function syncSettingsRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return [
    {
      method: 'GET',
      path: PATH,
      operationId: 'getSyncSettings',
      summary: 'How pages sync, where their publisher says nothing else.',
      permission: 'exchange',
      answers: { 200: { says: 'The settings.', body: Shown } },
      handle({ caller }) {
        const { value, version } = desk.getSyncSettings(caller.actor)
        return { status: 200, body: value, version }
      },
    },
    {
      method: 'PUT',
      path: PATH,
      operationId: 'putSyncSettings',
      summary: 'Replaces how pages sync. Null and absent mean the same.',
      permission: 'exchange',
      isVersioned: true,
      body: { kind: 'json', name: 'SyncSettings', schema: SyncSettings },
      answers: {
        200: { says: 'Replaced.', body: Shown },
        201: { says: 'Put for the first time.', body: Shown },
      },
      async handle(call) {
        const { actor } = call.caller
        const version = () => desk.getSyncSettings(actor).version
        const ifMatch = ifMatchVersion(call.headers.ifMatch, version)
        const write = () => desk.putSyncSettings(actor, { body: call.body, ifMatch })
        const what = { verb: 'putSyncSettings', kind: SETTINGS_KIND, id: SYNC_SETTINGS_ID }
        return replyWritten(await audited(rooms, call, { ...what, write }))
      },
    },
  ]
}
