import { takeUid } from '../../exchange/sync/take-uid.ts'
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
import { sendPixel } from './pixel.ts'
import { readPrivacy } from './privacy.ts'
import { Query } from './query.ts'
import { EdgeRefused } from './reasons.ts'

/** GET /setuid: a partner sends a browser back with its id (Prebid Server's protocol, and a signed state). */
export function setuidRoute(room: EdgeRoom): Route {
  return {
    method: 'GET',
    path: '/setuid',
    wants: EDGE_WANTS,
    body: 'none',
    bodyBytesMax: 0,
    async handle(ask, answer) {
      try {
        await setuid(room, ask, answer)
        room.metrics.answered('setuid', ask.arrivedMs)
      } catch (error) {
        refuseWith(answer, error, { metrics: room.metrics, endpoint: 'setuid' })
      }
    },
  }
}

async function setuid(room: EdgeRoom, ask: Ask, answer: Answer): Promise<void> {
  const rooms = roomsOf(room)
  const query = new Query(ask.query)
  const browser = browserOf(room, rooms, ask)
  if (browser.kind === 'opted_out') throw new EdgeRefused('opted_out')
  const syncer = bidderOf(rooms, query)
  const type = typeOf(query, syncer)
  const { consent, macros, gppSids } = readPrivacy(
    privacyFieldsOf(ask, query),
    rooms.catalog.syncSettings.gdprDefault ?? 0,
  )
  if (consent.denied === 'denied_tcf_unreadable') throw new EdgeRefused('consent_malformed')
  const outcome = await takeUid(room.sync, rooms, {
    ...{ syncer, browser, consent, gppSids, privacy: macros, type: type ?? 'redirect' },
    uid: query.get('uid'),
    state: query.get('s'),
  })
  if (!outcome.ok) throw new EdgeRefused(outcome.reason)
  if (outcome.isNew) room.metrics.matched(syncer.partner)
  if (outcome.next === undefined) sendPixel(answer, type)
  else answer.send(302, [...EMBEDDED, 'location', outcome.next])
}
