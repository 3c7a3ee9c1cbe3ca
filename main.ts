import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Audience } from './audience/audience.ts'
import { systemClock as clock } from './audience/clock.ts'
import { type Gvl, loadGvl } from './audience/consent/gvl.ts'
import { EventDesk } from './audience/events/event-desk.ts'
import { RuleBooks } from './audience/events/rule-book.ts'
import { writeSightings } from './audience/events/write-sightings.ts'
import type { Reach } from './audience/reach/reach.ts'
import { type Config, egressDir, ledgerDir, readConfig } from './config.ts'
import { openConsole } from './console/console.ts'
import { settleDemoWorld } from './console/settle-demo-world.ts'
import { Collector } from './exchange/collect/collector.ts'
import { ownerOf } from './exchange/collect/owner-of.ts'
import { writeCounts } from './exchange/counts/write-counts.ts'
import { keepStatements } from './exchange/desk/keep-statements.ts'
import { openUsageDesk, usageDeps } from './exchange/desk/open-usage-desk.ts'
import { lookupsOf } from './exchange/desk/usage-deps.ts'
import { applyEgress } from './exchange/egress/apply-egress.ts'
import { EgressMeter } from './exchange/egress/egress-meter.ts'
import { EgressSpool } from './exchange/egress/egress-spool.ts'
import { LatencyCounts } from './exchange/kpis/latency-counts.ts'
import { ProcessedEvents } from './exchange/kpis/processed-events.ts'
import { CountedWatch } from './exchange/ledger/counted-watch.ts'
import { shipLedger } from './exchange/ledger/ship-ledger.ts'
import { LookalikeJobs } from './exchange/lookalike/lookalike-jobs.ts'
import { MatchCounts } from './exchange/matchrates/match-counts.ts'
import { SourceCounts } from './exchange/quality/source-counts.ts'
import { Sync } from './exchange/sync/sync.ts'
import { Usage } from './exchange/usage/usage.ts'
import { watchCaps } from './exchange/usage/watch-caps.ts'
import { openBidRooms } from './gateway/bid/open-bid-rooms.ts'
import { collectRoutes } from './gateway/collect/collect-routes.ts'
import { edgeRoutes } from './gateway/edge/edge-routes.ts'
import { edgeWires } from './gateway/edge-wires.ts'
import { openGateway } from './gateway/gateway.ts'
import { readTls } from './gateway/grpc/tls-files.ts'
import { type DoorRefusal, DoorRefusals } from './gateway/http/door.ts'
import { healthRoutes } from './gateway/http/health-routes.ts'
import { openNodeDoor } from './gateway/http/open-node-door.ts'
import { BROWSER_HEADER_BYTES_MAX } from './gateway/limits.ts'
import { openLog } from './gateway/log.ts'
import { BidLatencies } from './gateway/metrics/bid-latencies.ts'
import { promText } from './gateway/metrics/prom.ts'
import {
  watchCounts,
  watchEvents,
  watchShipper,
  watchSightings,
} from './gateway/metrics/room-metrics.ts'
import { adminToken, adminTokenPath } from './gateway/supervisor/admin-token.ts'
import { banner } from './gateway/supervisor/banner.ts'
import { lockDataDir } from './gateway/supervisor/data-lock.ts'
import { demoEnded, demoSetting, untilDemoEnded } from './gateway/supervisor/demo-setting.ts'
import { DRAIN_MS_MAX } from './gateway/supervisor/limits.ts'
import { probeDoors } from './gateway/supervisor/probe-doors.ts'
import { supervise } from './gateway/supervisor/supervise.ts'
import { yieldToBids } from './gateway/supervisor/yield-to-bids.ts'
import { keepTokenKeys } from './gateway/uid2/keep-token-keys.ts'
import { openProcess, type Process } from './open-process.ts'
import { openRooms, type Rooms } from './open-rooms.ts'

/**
 * Who opens which room. Started by hand it is the supervisor, which opens none and starts this module
 * again with a role: bid (the bid path, one process per core), edge (browsers) and desk (operators).
 */
const lives = { serve, bid, edge, desk }

const role = process.argv[2] ?? 'serve'
try {
  if (!(role in lives)) throw new Error(`${role} is no role: ${Object.keys(lives).join(', ')}`)
  if (role === 'edge' || role === 'desk') yieldToBids()
  await lives[role as keyof typeof lives](readConfig(process.env))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exit(1)
}

type Settings = ReturnType<typeof readConfig>

async function serve({ config, warnings }: Settings): Promise<void> {
  const log = openLog('supervisor')
  for (const warning of warnings) log.warn(warning)
  const { host, gvlPath, store, dataDir, workers } = config
  const unlock = lockDataDir(dataDir)
  const demo = demoSetting({ asked: config.demo, store, dataDir })
  const bound = { ...config, host: host ?? (demo === 'on' ? '127.0.0.1' : '0.0.0.0') }
  if (gvlPath !== undefined) await loadGvl(gvlPath)
  await probeDoors(bound, clock)
  adminToken(config.adminToken, dataDir)
  let isAnnounced = false
  const supervisor = supervise({
    exec: fileURLToPath(import.meta.url),
    processes: [
      { role: 'bid', count: workers },
      { role: 'edge', count: 1 },
      { role: 'desk', count: 1 },
    ],
    env: {
      PASSERELLE_DEMO: demo,
      PASSERELLE_HOST: bound.host,
      PASSERELLE_INSTANCE: `${hostname()}-${randomBytes(3).toString('hex')}`,
    },
    clock,
    log,
    onState(state) {
      if (!state.ready || isAnnounced) return
      isAnnounced = true
      const tokenPath = config.adminToken === undefined ? adminTokenPath(dataDir) : undefined
      const facts = { ...bound, state, adminTokenPath: tokenPath, isDemo: demo === 'on' }
      process.stdout.write(banner(facts))
    },
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, async () => {
      await supervisor.stop()
      unlock()
      process.exit(0)
    })
}

async function bid({ config }: Settings): Promise<void> {
  const me = openProcess(`bid ${process.env['PASSERELLE_WORKER']}`)
  const { log, instance, closeFirst } = me
  const rooms = await openBidPath(me, config)
  const gateway = await openGateway({
    host: config.host ?? '127.0.0.1',
    port: config.gatewayPort,
    ...rooms,
    healthRoutes: healthRoutes(instance),
    grpc: {
      port: config.grpcPort,
      tls: config.tls && readTls(config.tls),
      isReady: () => instance.state.ready,
    },
    artfDataSegments: config.artfDataSegments,
    warn: (message, details) => log.warn(details ?? {}, message),
  })
  closeFirst(() => gateway.close(DRAIN_MS_MAX))
  instance.report({ isListening: true, binding: gateway.binding })
}

/** Rooms and accounts of the bid path. */
async function openBidPath(me: Process, config: Config) {
  const { audience, exchange, ledger, finders } = await openRooms({ ...me, config })
  const { metrics, closeFirst } = me
  if (config.demo === 'off') {
    await untilDemoEnded(config.dataDir, clock)
    await audience.poke()
  }
  const deriveKey = audience.deriveKey.bind(audience)
  const counted = new CountedWatch({ dir: ledgerDir(config), ledger, clock })
  closeFirst(() => counted.close())
  finders.push(counted)
  const usage = new Usage({ ledger, clock, deriveKey, counted })
  closeFirst(() => usage.close())
  const spool = await EgressSpool.open(egressDir(config), me.name, clock)
  const egress = new EgressMeter(spool, clock)
  closeFirst(() => egress.close())
  const counts = count(me, { audience, config })
  const { gvlId: ownGvlId, domain } = config
  const gvl = await gvlOf(config)
  const rooms = { audience, exchange, usage, egress, ...counts }
  return { ...rooms, metrics, clock, gvl, ownGvlId, domain }
}

/** Browsers and SDKs: cookie sync, the opt-out, and the collector; and what clients of the bid path ask from anywhere. */
async function edge({ config }: Settings): Promise<void> {
  const me = openProcess('edge')
  const { metrics, log, instance, closeFirst } = me
  const rooms = await openBidPath(me, config)
  const bids = openBidRooms(rooms)
  closeFirst(() => bids.close())
  const { edgeUrl, uid2OptOutToken, artfDataSegments: mayNameProvider } = config
  const { gvl, ownGvlId, matchCounts, sourceCounts } = rooms
  const sync = new Sync({ ...rooms, edgeUrl, counts: matchCounts })
  const collector = new Collector({ ...rooms, counts: sourceCounts })
  const { sightings } = collector
  const seen = writeSightings({ sightings, store: rooms.audience.store.sightings, log })
  closeFirst(() => seen.close())
  watchSightings(metrics, sightings)
  const tagScript = await builtScript('tag')
  const prebidModule = await builtScript('passerelleRtdProvider')
  const words = Object.keys(DoorRefusals) as DoorRefusal[]
  const refused = metrics.counterOf('passerelle_door_refused_total', 'reason', words)
  const door = await openNodeDoor({
    host: config.host ?? '127.0.0.1',
    port: config.edgePort,
    routes: [
      ...edgeRoutes({ sync, metrics, clock, uid2OptOutToken }),
      ...collectRoutes({ collector, metrics, edgeUrl, tagScript, gvl, ownGvlId }),
      ...edgeWires(bids.rooms, { mayNameProvider, sync, edgeUrl, prebidModule }),
      ...healthRoutes(instance),
    ],
    clock,
    // SDKs of apps send their batches so.
    chunkedUploads: true,
    limits: { headerBytesMax: BROWSER_HEADER_BYTES_MAX },
    onRefused: (reason) => refused[reason].add(),
    onFailed: (error) => log.error({ error: String(error) }, 'a handler of the edge door failed'),
  })
  closeFirst(() => door.close(DRAIN_MS_MAX))
  instance.report({ isListening: true, binding: door.binding })
}

/** What pages load is built beside this very file: scripts/build.mjs. */
function builtScript(name: string): Promise<string> {
  return readFile(new URL(`./${name}.js`, import.meta.url), 'utf8')
}

async function desk({ config }: Settings): Promise<void> {
  const me = openProcess('desk')
  const { metrics, log, instance, closeFirst } = me
  const rooms = await openRooms({ ...me, config, isDesk: true })
  const { feed, store } = rooms.audience
  const { catalog, tallies } = store
  const counting = usageDeps({
    deskDeps: rooms.exchange.deskDeps,
    store,
    lookalikes: makeLookalikes(me, rooms),
    append: (record) => rooms.ledger.append(record),
  })
  const lookups = () => lookupsOf(counting)
  const caps = watchCaps({ catalog, tallies, feed, lookups, clock, log })
  closeFirst(() => caps.close())
  const onApplied = () => void caps.poke()
  const dir = ledgerDir(config)
  const shipper = await shipLedger({ dir, tallies, feed, onApplied, clock, log })
  closeFirst(() => shipper.close())
  watchShipper(metrics, shipper)
  const onWritten: Reach['noteEgress'] = (notes) => rooms.reach?.noteEgress(notes)
  const spooled = { dir: egressDir(config), people: store.people, onWritten }
  const egress = applyEgress({ ...spooled, clock, log })
  closeFirst(() => egress.close())
  rooms.finders.push(shipper, caps)
  const counts = count(me, { ...rooms, config })
  const { sourceCounts } = counts
  const events = processEvents(me, rooms, counts)
  const isDemo = config.demo === 'on'
  const onEnded = () => demoEnded(config.dataDir)
  closeFirst(await settleDemoWorld({ ...rooms, log, isDemo, onEnded }))
  const { tokenOperators: operators } = config
  const tokenKeys = keepTokenKeys({ ...rooms, operators, clock, log })
  closeFirst(() => tokenKeys.close())
  rooms.finders.push(tokenKeys)
  const statements = keepStatements(counting, log)
  closeFirst(() => statements.close())
  const door = await openConsole({
    ...rooms,
    sourceCounts,
    shipper,
    events,
    gvl: await gvlOf(config),
    ownGvlId: config.gvlId,
    domain: config.domain,
    edgeUrl: config.edgeUrl,
    usage: openUsageDesk(counting),
    host: config.consoleHost,
    port: config.consolePort,
    dataDir: config.dataDir,
    adminToken: adminToken(config.adminToken, config.dataDir),
    healthRoutes: healthRoutes(instance),
    metrics,
    metricsText: async () => promText(await instance.collectMetrics()),
    clock,
    log,
  })
  closeFirst(() => door.close(DRAIN_MS_MAX))
  instance.report({ isListening: true, binding: door.binding })
}

async function gvlOf({ gvlPath }: Config): Promise<Gvl | undefined> {
  return gvlPath === undefined ? undefined : loadGvl(gvlPath)
}

function makeLookalikes({ log, closeFirst }: Process, rooms: Rooms): LookalikeJobs {
  const { audience, exchange, reach } = rooms
  const { deskDeps } = exchange
  const jobs = new LookalikeJobs({ deskDeps, store: audience.store, reach: reach!, clock, log })
  closeFirst(() => jobs.close())
  return jobs
}

function processEvents(
  { metrics, log, closeFirst }: Process,
  { audience }: Rooms,
  { sourceCounts, latencies }: { sourceCounts: SourceCounts; latencies: LatencyCounts },
): EventDesk {
  const books = new RuleBooks(() => audience.feed.current(), ownerOf, clock)
  const sources = new ProcessedEvents(sourceCounts, latencies)
  const events = new EventDesk({ audience, books, clock, log, sources })
  closeFirst(() => events.close())
  watchEvents(metrics, events)
  return events
}

/** What match rates and data quality are made of, counted in this process and brought to the store. */
function count(
  { name: process, metrics, log, closeFirst }: Process,
  { audience, config }: { audience: Audience; config: Config },
): { matchCounts: MatchCounts; sourceCounts: SourceCounts; latencies: LatencyCounts } {
  const matchCounts = new MatchCounts()
  const sourceCounts = new SourceCounts()
  const { tallies } = audience.store
  const name = [hostname(), resolve(config.dataDir), process].join('|')
  const latencies = new LatencyCounts()
  const counts = [matchCounts, sourceCounts, latencies, new BidLatencies(metrics, audience)]
  const writer = writeCounts({ counts, tallies, name, clock, log })
  closeFirst(() => writer.close())
  watchCounts(metrics, matchCounts, sourceCounts)
  return { matchCounts, sourceCounts, latencies }
}
