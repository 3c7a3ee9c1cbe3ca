// The edge door as `main.ts` opens it, in one process of its own: 50 partners to sync with, and a cookie to
// speak with. Says its cookie, and on request states to come back with.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAudience } from '../../audience/audience.ts'
import { systemClock as clock } from '../../audience/clock.ts'
import { openStore } from '../../audience/store/open-store.ts'
import { openExchange } from '../../exchange/exchange.ts'
import { Asks, hourOf } from '../../exchange/sync/asks.ts'
import { newBrowserId, sealCookie } from '../../exchange/sync/browser-cookie.ts'
import { Sync } from '../../exchange/sync/sync.ts'
import { MAIN_COOKIE } from '../../gateway/edge/cookies.ts'
import { EDGE_WANTS } from '../../gateway/edge/edge-room.ts'
import { edgeRoutes } from '../../gateway/edge/edge-routes.ts'
import type { Route } from '../../gateway/http/door.ts'
import { openNodeDoor } from '../../gateway/http/open-node-door.ts'
import { BROWSER_HEADER_BYTES_MAX } from '../../gateway/limits.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import { SYNC_PARTNERS, syncPartner } from '../sync-workload.ts'

const RETURNS_PER_BROWSER = 4
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const [port, address = ''] = [Number(process.argv[2]), process.argv[3]]
const folder = mkdtempSync(join(tmpdir(), 'passerelle-edge-door-'))
process.once('SIGTERM', () => {
  rmSync(folder, { recursive: true, force: true })
  process.exit(0)
})

const where = address === '' ? `embedded:${folder}` : address
const store = await openStore(where, { clock, dataDir: folder })
const audience = await openAudience({ store, clock, log: quiet })
const { feed } = audience
const exchange = await openExchange({ feed, catalogStore: store.catalog, clock, log: quiet })
for (const id of SYNC_PARTNERS)
  await exchange.desk.putPartner({ operator: true }, { id, body: syncPartner(id) })
await audience.poke()
const edgeUrl = 'https://edge.bench.example'
const sync = new Sync({ audience, exchange, clock, edgeUrl, gvl: undefined, ownGvlId: undefined })
/** What the door itself costs: a body in, parsed, and the same out. */
const floor: Route = {
  method: 'ANY',
  path: '/floor',
  wants: EDGE_WANTS,
  body: 'whole',
  bodyBytesMax: 1 << 20,
  handle(ask, answer) {
    const body = JSON.stringify(JSON.parse(Buffer.from(ask.body).toString() || '{}'))
    answer.send(200, ['content-type', 'application/json'], body)
  },
}
await openNodeDoor({
  host: '127.0.0.1',
  port,
  routes: [...edgeRoutes({ sync, metrics: new Metrics(), clock }), floor],
  clock,
  limits: { headerBytesMax: BROWSER_HEADER_BYTES_MAX },
})

// The browsers of this bench never come back; partners that never hear of any would soon be left alone.
setInterval(() => {
  for (const { partner } of sync.rooms()!.syncers.all)
    for (let i = 0; i < 200; i++) sync.rates.answered(partner.number, true)
}, 50)

const rooms = sync.rooms()!
const { keys, states, syncers } = rooms
/** A browser's cookie, and its way back from one partner with its state. */
function visit(id: Buffer, partner: string, uid: string): { cookie: string; path: string } {
  const nowMs = clock.now()
  const cookie = sealCookie(keys, { id, issuedHour: hourOf(nowMs), asks: new Asks() })
  const mint = { browser: id, hop: 0, wasReturning: true, nowMs }
  const [state] = states.mint([syncers.find(partner!)!.partner.number], mint)
  const path = `/setuid?bidder=${partner}&f=i&s=${state}&uid=${uid}`
  return { cookie: `${MAIN_COOKIE}=${cookie}`, path }
}
let told = 0
/** Each browser comes back from some partners, one after another among all the others; every id is a new one. */
process.on('message', (count: number) => {
  const browsers = Array.from({ length: count / RETURNS_PER_BROWSER }, newBrowserId)
  const visits = SYNC_PARTNERS.slice(0, RETURNS_PER_BROWSER).flatMap((partner) =>
    browsers.map((id) => visit(id, partner, `bench-${partner}-${told++}`)),
  )
  process.send?.(visits)
})
process.send?.(visit(newBrowserId(), SYNC_PARTNERS[0]!, 'none').cookie)
