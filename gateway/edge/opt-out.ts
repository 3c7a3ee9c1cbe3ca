import { OPTED_OUT, owingCookie } from '../../exchange/sync/browser-cookie.ts'
import { SYNC_LIMITS } from '../../exchange/sync/limits.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { EMBEDDED, refuseWith } from './answers.ts'
import { setCookies } from './cookies.ts'
import {
  browserOf,
  EDGE_WANTS,
  type EdgeRoom,
  fetchSiteOf,
  mainCookieOf,
  roomsOf,
} from './edge-room.ts'
import { EDGE_LIMITS } from './limits.ts'
import { Query } from './query.ts'
import { EdgeRefused } from './reasons.ts'

/**
 * GET and POST /optout. Out is easy, so that any page or partner may offer it: both cookies say so for as
 * long as browsers allow, and what the browser was matched with is forgotten. In again (`optout=0`) takes a
 * POST from a page of this very site: nobody else may undo it.
 */
export function optOutRoutes(room: EdgeRoom): Route[] {
  const handle: Route['handle'] = async (ask, answer) => {
    try {
      await optOut(room, ask, answer)
      room.metrics.answered('optout', ask.arrivedMs)
    } catch (error) {
      refuseWith(answer, error, { metrics: room.metrics, endpoint: 'optout' })
    }
  }
  const common = { path: '/optout', wants: EDGE_WANTS, handle }
  const bodyBytesMax = EDGE_LIMITS.optOutBodyBytesMax
  return [
    { ...common, method: 'GET', body: 'none', bodyBytesMax: 0 },
    { ...common, method: 'POST', body: 'whole', bodyBytesMax },
  ]
}

async function optOut(room: EdgeRoom, ask: Ask, answer: Answer): Promise<void> {
  if (asksIn(ask)) return optIn(ask, answer)
  const { optOutTtlDays: ttlDays } = SYNC_LIMITS
  const saying = (main: string) => [...EMBEDDED, ...setCookies({ main, twin: OPTED_OUT, ttlDays })]
  try {
    await room.sync.optOut(browserOf(room, roomsOf(room), ask))
  } catch (error) {
    // The browser keeps its word in any case, and whom it is about: asked again, the store is told.
    const headers = saying(owingCookie(mainCookieOf(ask)))
    refuseWith(answer, error, { metrics: room.metrics, endpoint: 'optout', headers })
    return
  }
  answer.send(200, [...saying(OPTED_OUT), ...HTML], page('You have opted out.'))
}

function optIn(ask: Ask, answer: Answer): void {
  if (fetchSiteOf(ask) !== 'same-origin') throw new EdgeRefused('opt_in_refused')
  const cookies = setCookies({ main: '', twin: '', ttlDays: 0 })
  answer.send(200, [...EMBEDDED, ...HTML, ...cookies], page('You have opted in again.'))
}

/** Only a form that says so: whatever else comes means out. */
function asksIn({ method, body }: Ask): boolean {
  if (method !== 'POST') return false
  const form = new Query(Buffer.from(body).toString('latin1'))
  return ['0', 'false'].includes(form.get('optout').toLowerCase())
}

const HTML = ['content-type', 'text/html; charset=utf-8']

function page(sentence: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Opt-out</title><p>${sentence}</p>\n`
}
