import { Remembered } from '../../audience/remembered.ts'
import { isLater, type Soon } from '../../audience/soon.ts'
import { AnswerBytes } from '../../exchange/sync/answer-bytes.ts'
import type { LeftOut } from '../../exchange/sync/plan-syncs.ts'
import { PlanReasons } from '../../exchange/sync/reasons.ts'
import type { Roster } from '../../exchange/sync/roster.ts'
import type { Plan, SyncRooms } from '../../exchange/sync/sync.ts'
import type { SyncSettings } from '../../exchange/sync/sync-settings.ts'
import { STATE_CHARS } from '../../exchange/sync/sync-state.ts'
import type { Answer, Ask, Route } from '../http/door.ts'
import { corsFor, PRIVATE, refuseWith, tooLargeFor } from './answers.ts'
import { setCookies } from './cookies.ts'
import {
  browserOf,
  EDGE_WANTS,
  type EdgeRoom,
  hasGpcHeader,
  ORIGIN,
  originOf,
  roomsOf,
} from './edge-room.ts'
import { EDGE_LIMITS } from './limits.ts'
import { PageBodies } from './page-bodies.ts'
import { readPrivacy } from './privacy.ts'
import { admits, type CookieSyncBody, type PageBody } from './read-cookie-sync.ts'
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
      tooLarge: tooLargeFor(ORIGIN),
      handle(ask, answer) {
        const refuse = (error: unknown) => {
          const headers = corsFor(originOf(ask))
          refuseWith(answer, error, { metrics: room.metrics, endpoint: 'cookie_sync', headers })
        }
        try {
          const done = cookieSync(room, ask, answer)
          if (isLater(done)) return done.catch(refuse)
        } catch (error) {
          refuse(error)
        }
        return undefined
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

/** At once, where the store has the browser at hand. */
function cookieSync(room: EdgeRoom, ask: Ask, answer: Answer): Soon<void> {
  const body = bodies.read(ask.body)
  const page = pageOf(room, body.page)
  const looking = room.sync.lookAgain(page.roster)
  return looking === undefined
    ? planned(room, { ask, answer, body, page })
    : looking.then(() => planned(room, { ask, answer, body, page: pageOf(room, body.page) }))
}

const bodies = new PageBodies()

/** What is the same for all visitors of a page. */
interface Page {
  rooms: SyncRooms
  settings: SyncSettings
  gdprDefault: 0 | 1
  roster: Roster
}

/** Worked out once in a catalog. */
function pageOf(room: EdgeRoom, body: PageBody): Page {
  const rooms = roomsOf(room)
  const known = pages.get(body)
  if (known?.rooms === rooms) return known
  const { settings, gdprDefault } = accountOf(rooms, body.account)
  const { bidders, coopSync: coop, filters } = body
  const roster = room.sync.roster(rooms, {
    ...{ bidders, coop, settings },
    admits: (syncer, type) => admits(filters[type], syncer),
  })
  const page = { rooms, settings, gdprDefault, roster }
  pages.set(body, page)
  return page
}

const pages = new WeakMap<PageBody, Page>()

function planned(room: EdgeRoom, { ask, answer, body, page }: Omit<Planned, 'plan'>): Soon<void> {
  const { rooms, settings, gdprDefault, roster } = page
  const gpc = body.gpc || hasGpcHeader(ask)
  if (gdprDefault === 1 && body.gdpr === '' && body.gppSid === '' && body.gdprConsent === '')
    throw new EdgeRefused('consent_required_by_default')
  const { consent, macros: privacy, gppSids } = readPrivacy({ ...body, gpc }, gdprDefault)
  const browser = browserOf(room, rooms, ask)
  if (browser.kind === 'opted_out') throw new EdgeRefused('opted_out')
  const { limit } = body.page
  const planning = room.sync.plan(rooms, {
    ...{ browser, roster, limit, settings, consent, privacy, gppSids, eids: body.eids },
  })
  const then = (plan: Plan) => sendPlan(room, { ask, answer, body, page, plan })
  return isLater(planning) ? planning.then(then) : then(planning)
}

interface Planned {
  ask: Ask
  answer: Answer
  body: CookieSyncBody
  page: Page
  plan: Plan
}

function sendPlan({ metrics }: EdgeRoom, { ask, answer, body, plan }: Planned): void {
  for (const { syncer } of plan.syncs) metrics.offered(syncer.partner)
  for (const { reason } of plan.leftOut) metrics.leftOut(reason)
  metrics.leftOut('limit_reached', plan.surplus.length)
  const cookies = setCookies({ main: plan.mainCookie, twin: plan.twinCookie })
  const headers = HEADERS.of(originOf(ask)).concat(cookies)
  const bytes = shown(plan, body)
  if (answer.sendUncopied === undefined) answer.send(200, headers, bytes.written())
  else if (!answer.sendUncopied(200, headers, bytes.withRoom())) shownBytes.leave()
  metrics.answered('cookie_sync', ask.arrivedMs)
}

/** What every answer carries, by the origin of its page. */
const HEADERS = new Remembered(EDGE_LIMITS.originsRemembered, (origin) => [
  ...[...PRIVATE, ...corsFor(origin), 'content-type', 'application/json; charset=utf-8'],
])

/** What an account, or the exchange for those without, lets its pages do. An account is a partner by its id. */
function accountOf(
  { catalog }: SyncRooms,
  account: string,
): { settings: SyncSettings; gdprDefault: 0 | 1 } {
  const own = account === '' ? undefined : catalog.partner(account)
  if (own && !own.active) throw new EdgeRefused('account_disabled')
  const all = catalog.syncSettings
  const settings = own?.syncSettings ? { ...all, ...own.syncSettings } : all
  return { settings, gdprDefault: settings.gdprDefault ?? own?.gdprDefault ?? 0 }
}

/** Never an id: every page may read this. It holds until the next one is made, or its bytes are left to who reads them. */
function shown(plan: Plan, { page }: CookieSyncBody): AnswerBytes {
  const { isMatched, syncs, privacy, lineUp } = plan
  const states = plan.mintStates()
  shownBytes.begin().ascii(isMatched ? '{"status":"ok","bidder_status":[' : NO_COOKIE)
  const run = lineUp?.run(privacy)
  if (run !== undefined) run.write(shownBytes, states)
  else
    for (let i = 0; i < syncs.length; i++) {
      if (i > 0) shownBytes.put(COMMA)
      syncs[i]!.template.writeEntry(shownBytes, privacy, { chars: states, at: i * STATE_CHARS })
    }
  return shownBytes.text(`]${page.isDebug ? debugOf(plan) : ''}}`)
}

const NO_COOKIE = '{"status":"no_cookie","bidder_status":['
const shownBytes = new AnswerBytes()
const COMMA = Buffer.from(',')

function debugOf(plan: Pick<Plan, 'leftOut' | 'surplus'>): string {
  const late = plan.surplus.map(({ name }): LeftOut => ({ name, reason: 'limit_reached' }))
  const leftOut = [...plan.leftOut, ...late]
  const debug = leftOut.map((one) => ({ bidder: one.name, error: saying(one) }))
  const reasons = leftOut.map(({ name, reason, detail }) => ({
    bidder: name,
    reason,
    ...(detail === undefined ? {} : { detail }),
  }))
  return `,"debug":${JSON.stringify(debug)},"reasons":${JSON.stringify(reasons)}`
}

function saying({ reason, detail }: LeftOut): string {
  const isKeyed = reason === 'duplicate' && detail !== undefined
  return isKeyed ? `${PlanReasons.duplicate} synced as ${detail}` : PlanReasons[reason]
}
