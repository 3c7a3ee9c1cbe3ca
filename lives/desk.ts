import { systemClock as clock } from '../audience/clock.ts'
import { EventDesk } from '../audience/events/event-desk.ts'
import { RuleBooks } from '../audience/events/rule-book.ts'
import type { Reach } from '../audience/reach/reach.ts'
import { type Config, egressDir, ledgerDir } from '../config.ts'
import { openConsole } from '../console/console.ts'
import { settleDemoWorld } from '../console/settle-demo-world.ts'
import { ownerOf } from '../exchange/collect/owner-of.ts'
import { keepStatements } from '../exchange/desk/keep-statements.ts'
import { openUsageDesk, usageDeps } from '../exchange/desk/open-usage-desk.ts'
import { lookupsOf } from '../exchange/desk/usage-deps.ts'
import { applyEgress } from '../exchange/egress/apply-egress.ts'
import type { LatencyCounts } from '../exchange/kpis/latency-counts.ts'
import { ProcessedEvents } from '../exchange/kpis/processed-events.ts'
import { shipLedger } from '../exchange/ledger/ship-ledger.ts'
import { LookalikeJobs } from '../exchange/lookalike/lookalike-jobs.ts'
import type { SourceCounts } from '../exchange/quality/source-counts.ts'
import { watchCaps } from '../exchange/usage/watch-caps.ts'
import { healthRoutes } from '../gateway/http/health-routes.ts'
import { promText } from '../gateway/metrics/prom.ts'
import { watchEvents, watchShipper } from '../gateway/metrics/room-metrics.ts'
import { adminToken } from '../gateway/supervisor/admin-token.ts'
import { demoEnded } from '../gateway/supervisor/demo-setting.ts'
import { DRAIN_MS_MAX } from '../gateway/supervisor/limits.ts'
import { keepTokenKeys } from '../gateway/uid2/keep-token-keys.ts'
import { openCounts } from './open-counts.ts'
import { openGvl } from './open-gvl.ts'
import { openProcess, type Process } from './open-process.ts'
import { openRooms, type Rooms } from './open-rooms.ts'

/** Operators: the API and its console, and all work that nobody waits for at a door. */
export async function desk(config: Config): Promise<void> {
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
  const counts = openCounts(me, { ...rooms, config })
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
    gvl: await openGvl(config),
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
