import { type Static, Type } from '../../audience/schema.ts'
import { closed, listOf, OperatorId } from '../fields.ts'

const Partners = listOf(OperatorId, 512)

/**
 * How pages sync: of the whole exchange (`/api/settings/sync`), and of a publisher, whose own settings
 * come before (`settings.cookieSync` of the partner that `account` names). Prebid Server's terms.
 */
export const SyncSettings = closed({
  /** Syncs in an answer where the page names no limit; absent or 0: as many as there are. */
  defaultLimit: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
  /** The most a page may ask for. */
  maxLimit: Type.Optional(Type.Integer({ minimum: 0, maximum: 64 })),
  /** Partners that the page did not name are synced too, where it does not say. Default false. */
  coopSync: Type.Optional(Type.Boolean()),
  /** Partners that come after those a page names, group by group. */
  priorityGroups: Type.Optional(Type.Array(Partners, { maxItems: 16 })),
  /** And after them no others. */
  priorityGroupsOnly: Type.Optional(Type.Boolean()),
  /** Partners that are never loaded in a frame, or as an image, whatever a page allows. */
  disabledIframes: Type.Optional(Partners),
  disabledRedirects: Type.Optional(Partners),
  /** Whether the GDPR applies where a page does not say. Default 0. */
  gdprDefault: Type.Optional(Type.Enum([0, 1])),
})
export type SyncSettings = Static<typeof SyncSettings>

/** Catalog kind, and the id, of the exchange's own settings. */
export const SETTINGS_KIND = 'settings'
export const SYNC_SETTINGS_ID = 'sync'
