import type { LeftOut } from '../../exchange/sync/plan-syncs.ts'
import { PlanReasons } from '../../exchange/sync/reasons.ts'
import type { Plan, SyncRooms } from '../../exchange/sync/sync.ts'
import type { SyncSettings } from '../../exchange/sync/sync-settings.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { corsFor, PRIVATE, refuseWith } from './answers.ts'
import { setCookies } from './cookies.ts'
import {
  browserOf,
  EDGE_WANTS,
  type EdgeRoom,
  hasGpcHeader,
  originOf,
  roomsOf,
} from './edge-room.ts'
import { EDGE_LIMITS } from './limits.ts'
import { readPrivacy } from './privacy.ts'
import { admits, type CookieSyncBody, readCookieSync } from './read-cookie-sync.ts'
import { EdgeRefused } from './reasons.ts'

const PATH = '/cookie_sync'

/** POST /cookie_sync: a page asks whom to sync its visitor with (Prebid Server's protocol). */
export function cookieSyncRoutes(room: EdgeRoom): Route[] {
  return [
    {
      method: 'POST',
      path: PATH,
      wants: EDGE_WANTS,
      body: 'whole',
      bodyBytesMax: EDGE_LIMITS.syncBodyBytesMax,
      async handle(ask, answer) {
        try {
          await cookieSync(room, ask, answer)
          room.metrics.answered('cookie_sync', ask.arrivedMs)
        } catch (error) {
          const headers = corsFor(originOf(ask))
          refuseWith(answer, error, { metrics: room.metrics, endpoint: 'cookie_sync', headers })
        }
      },
    },
    preflightRoute,
  ]
}

/** Browsers ask first where a page sends the body as JSON. */
const preflightRoute: Route = {
  method: 'OPTIONS',
  path: PATH,
  wants: EDGE_WANTS,
  body: 'none',
  bodyBytesMax: 0,
  handle(ask, answer) {
    const allowed = ['access-control-allow-methods', 'POST', 'access-control-allow-headers']
    const kept = ['content-type', 'access-control-max-age', '86400']
    answer.send(204, [...PRIVATE, ...corsFor(originOf(ask)), ...allowed, ...kept])
  },
}

async function cookieSync(room: EdgeRoom, ask: Ask, answer: Answer): Promise<void> {
  const rooms = roomsOf(room)
  const body = readCookieSync(ask.body)
  const { settings, gdprDefault } = accountOf(rooms, body.account)
  const gpc = body.gpc || hasGpcHeader(ask)
  if (gdprDefault === 1 && body.gdpr === '' && body.gppSid === '' && body.gdprConsent === '')
    throw new EdgeRefused('consent_required_by_default')
  const { consent, macros, gppSids } = readPrivacy({ ...body, gpc }, gdprDefault)
  const browser = browserOf(room, rooms, ask)
  if (browser.kind === 'opted_out') throw new EdgeRefused('opted_out')
  const { bidders, limit, coopSync, filters, eids } = body
  const planning = room.sync.plan(rooms, {
    ...{ browser, bidders, limit, coop: coopSync, settings, consent, gppSids, eids },
    admits: ({ partner, key }, type) => admits(filters[type], [partner.id, key]),
    privacy: macros,
  })
  const plan = planning instanceof Promise ? await planning : planning
  for (const { partner } of plan.syncs) room.metrics.offered(partner)
  for (const { reason } of plan.leftOut) room.metrics.leftOut(reason)
  const cookies = setCookies({ main: plan.mainCookie, twin: plan.twinCookie })
  const headers = [...PRIVATE, ...corsFor(originOf(ask)), ...JSON_TYPE, ...cookies]
  answer.send(200, headers, JSON.stringify(shown(plan, body)))
}

const JSON_TYPE = ['content-type', 'application/json; charset=utf-8']

/** What an account, or the exchange for those without, lets its pages do. An account is a partner by its id. */
function accountOf(
  { catalog }: SyncRooms,
  account: string,
): { settings: SyncSettings; gdprDefault: 0 | 1 } {
  const own = account === '' ? undefined : catalog.partner(account)
  if (own && !own.active) throw new EdgeRefused('account_disabled')
  const settings = { ...catalog.syncSettings, ...own?.syncSettings }
  return { settings, gdprDefault: settings.gdprDefault ?? own?.gdprDefault ?? 0 }
}

/** Never an id: every page may read this. */
function shown(plan: Plan, { isDebug }: CookieSyncBody) {
  return {
    status: plan.isMatched ? 'ok' : 'no_cookie',
    bidder_status: plan.syncs.map(({ partner, url, type }) => ({
      bidder: partner,
      no_cookie: true,
      usersync: { url, type },
    })),
    ...(isDebug
      ? {
          debug: plan.leftOut.map((one) => ({ bidder: one.name, error: saying(one) })),
          reasons: plan.leftOut.map(({ name, reason, detail }) => ({
            bidder: name,
            reason,
            ...(detail === undefined ? {} : { detail }),
          })),
        }
      : {}),
  }
}

function saying({ reason, detail }: LeftOut): string {
  const isKeyed = reason === 'duplicate' && detail !== undefined
  return isKeyed ? `${PlanReasons.duplicate} synced as ${detail}` : PlanReasons[reason]
}
