import { takeMatch } from '../../exchange/sync/take-match.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { EMBEDDED, refuseWith } from './answers.ts'
import { setCookies } from './cookies.ts'
import { browserOf, EDGE_WANTS, type EdgeRoom, privacyFieldsOf, roomsOf } from './edge-room.ts'
import { EDGE_LIMITS } from './limits.ts'
import { sendPixel } from './pixel.ts'
import { readPrivacy } from './privacy.ts'
import { Query } from './query.ts'
import { EdgeRefused } from './reasons.ts'

/** GET /match: a partner starts, with its id of the browser that is on its page, and signs for it. */
export function matchRoute(room: EdgeRoom): Route {
  return {
    method: 'GET',
    path: '/match',
    wants: EDGE_WANTS,
    body: 'none',
    bodyBytesMax: 0,
    async handle(ask, answer) {
      const cookies: string[] = []
      try {
        await match(room, ask, { answer, cookies })
        room.metrics.answered('match', ask.arrivedMs)
      } catch (error) {
        refuseWith(answer, error, { metrics: room.metrics, endpoint: 'match', headers: cookies })
      }
    },
  }
}

interface Reply {
  answer: Answer
  /** Header lines of any answer: filled once the browser was met. */
  cookies: string[]
}

async function match(room: EdgeRoom, ask: Ask, { answer, cookies }: Reply): Promise<void> {
  const rooms = roomsOf(room)
  const query = new Query(ask.query)
  const [p, uid, ts] = [query.get('p'), query.get('uid'), query.get('ts')]
  const syncer = rooms.syncers.find(p)
  if (syncer === undefined) throw new EdgeRefused('partner_unknown')
  const redirect = query.get('redir')
  if (redirect.length > EDGE_LIMITS.redirectCharsMax) throw new EdgeRefused('redirect_refused')
  const { gdprDefault = 0 } = rooms.catalog.syncSettings
  const { consent, macros, gppSids } = readPrivacy(privacyFieldsOf(ask, query), gdprDefault)
  const outcome = await takeMatch(room.sync, rooms, {
    ...{ syncer, redirect, consent, gppSids, privacy: macros, match: { p, uid, ts } },
    signature: query.get('s'),
    browser: browserOf(room, rooms, ask),
    onMet: (made) => void cookies.push(...setCookies(made)),
  })
  if (!outcome.ok) throw new EdgeRefused(outcome.reason)
  if (outcome.isNew) room.metrics.matched(syncer.partner)
  if (outcome.location === undefined) sendPixel(answer, 'redirect', cookies)
  else answer.send(302, [...EMBEDDED, ...cookies, 'location', outcome.location])
}
