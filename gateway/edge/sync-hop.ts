import { leadOut } from '../../exchange/sync/lead-out.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { EMBEDDED, refuseWith } from './answers.ts'
import {
  bidderOf,
  browserOf,
  EDGE_WANTS,
  type EdgeRoom,
  privacyFieldsOf,
  roomsOf,
  typeOf,
} from './edge-room.ts'
import { readPrivacy } from './privacy.ts'
import { Query } from './query.ts'
import { EdgeRefused } from './reasons.ts'

/**
 * GET /sync: what /cookie_sync gives a page in place of a partner's address with our pseudonym in it. The
 * browser alone is sent on there; the page never sees where.
 */
export function syncHopRoute(room: EdgeRoom): Route {
  return {
    method: 'GET',
    path: '/sync',
    wants: EDGE_WANTS,
    body: 'none',
    bodyBytesMax: 0,
    async handle(ask, answer) {
      try {
        await hop(room, ask, answer)
        room.metrics.answered('sync', ask.arrivedMs)
      } catch (error) {
        refuseWith(answer, error, { metrics: room.metrics, endpoint: 'sync' })
      }
    },
  }
}

async function hop(room: EdgeRoom, ask: Ask, answer: Answer): Promise<void> {
  const rooms = roomsOf(room)
  const query = new Query(ask.query)
  const browser = browserOf(room, rooms, ask)
  const syncer = bidderOf(rooms, query)
  const type = typeOf(query, syncer)
  const template = type && syncer[type]
  if (template === undefined) throw new EdgeRefused('format_invalid')
  const fields = privacyFieldsOf(ask, query)
  const { consent, macros } = readPrivacy(fields, rooms.catalog.syncSettings.gdprDefault ?? 0)
  const state = query.get('s')
  const asked = { syncer, template, state, browser, consent, privacy: macros }
  const outcome = await leadOut(room.sync, rooms, asked)
  if (!outcome.ok) throw new EdgeRefused(outcome.reason)
  if (outcome.isNew) room.metrics.matched(syncer.partner)
  answer.send(302, [...EMBEDDED, 'location', outcome.url])
}
