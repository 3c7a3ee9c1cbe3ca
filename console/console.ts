import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Audience } from '../audience/audience.ts'
import type { Clock } from '../audience/clock.ts'
import type { Gvl } from '../audience/consent/gvl.ts'
import type { EventDesk } from '../audience/events/event-desk.ts'
import { writeSightings } from '../audience/events/write-sightings.ts'
import { VaultRotation } from '../audience/vault/vault-rotation.ts'
import { Collector } from '../exchange/collect/collector.ts'
import { sweepHeld } from '../exchange/collect/sweep-held.ts'
import type { UsageDesk } from '../exchange/desk/open-usage-desk.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { LedgerShipper } from '../exchange/ledger/ship-ledger.ts'
import type { SourceCounts } from '../exchange/quality/source-counts.ts'
import { CollectMetrics } from '../gateway/collect/collect-metrics.ts'
import { type DoorRefusal, DoorRefusals, type Route } from '../gateway/http/door.ts'
import { openNodeDoor } from '../gateway/http/open-node-door.ts'
import { BROWSER_HEADER_BYTES_MAX } from '../gateway/limits.ts'
import type { Metrics } from '../gateway/metrics/counters.ts'
import { PROM_CONTENT_TYPE } from '../gateway/metrics/prom.ts'
import { apiDoorRoutes } from './api/dispatch.ts'
import { IdempotentReplies } from './api/idempotent-replies.ts'
import { apiRoutes } from './api/routes.ts'
import { AUDIT_FILE, AuditLog } from './audit/audit-log.ts'
import { ImportSlots } from './imports/import-slots.ts'
import { LIMITS } from './limits.ts'
import { authenticator } from './sign-in/authenticate.ts'

export interface ConsoleOptions {
  host: string
  /** 0 picks a free port. */
  port: number
  /** Bearer token of the first operator. */
  adminToken: string
  audience: Audience
  exchange: Exchange
  usage: UsageDesk
  /** What makes memberships of events. */
  events: EventDesk
  /** What counts the ledgers of this machine. */
  shipper: LedgerShipper
  /** As the bid path has them: what a dry run decides is what a request would get. */
  gvl?: Gvl | undefined
  ownGvlId?: number | undefined
  domain: string
  /** Public address of the edge door. */
  edgeUrl: string
  /** Where the audit log is kept, and what `mode=replace` sets down meanwhile. */
  dataDir: string
  clock: Clock
  /** Takes what data quality is made of, of files of events. */
  sourceCounts?: SourceCounts
  metrics: Metrics
  /** All processes' metrics as Prometheus text. */
  metricsText(): Promise<string>
  /** `/health/…`, the same on every door of the instance. */
  healthRoutes: readonly Route[]
  log: { error(details: object, message: string): void }
}

/** The desk's door: control API, metrics, health. */
export interface Console {
  readonly port: number
  /** What serves it: see Door. */
  readonly binding: string
  /** Of the vault's keys. */
  readonly rotation: VaultRotation
  /** Lets what is under way end, for so long. */
  close(drainMsMax: number): Promise<void>
}

/** Opens the control plane. One process of an instance does: it alone writes the audit log. */
export async function openConsole(options: ConsoleOptions): Promise<Console> {
  const spoolDir = join(options.dataDir, 'spool')
  // Whatever lies there was left by a process that died in the middle of a replacement.
  await rm(spoolDir, { recursive: true, force: true })
  const audit = await AuditLog.open(join(options.dataDir, AUDIT_FILE), options.clock)
  const slots = await ImportSlots.open(options.dataDir, { audit, clock: options.clock })
  const { host, port, clock, metrics, log, audience } = options
  const { sourceCounts: counts } = options
  const collector = new Collector({ audience, clock, ...(counts ? { counts } : {}) })
  const { sightings } = collector
  const seen = writeSightings({ sightings, store: audience.store.sightings, log })
  const sweep = sweepHeld({ audience, log })
  const rotation = new VaultRotation(audience.vault, clock)
  // So that health names a key that is missing before anybody needs it.
  void audience.vault.uses().catch(() => undefined)
  const words = Object.keys(DoorRefusals) as DoorRefusal[]
  const refused = metrics.counterOf('passerelle_door_refused_total', 'reason', words)
  const door = await openNodeDoor({
    host,
    port,
    clock,
    routes: routesOf(options, { audit, slots, collector, rotation, spoolDir }),
    chunkedUploads: true,
    limits: { slowBodyMsMax: LIMITS.slowBodyMsMax, headerBytesMax: BROWSER_HEADER_BYTES_MAX },
    onRefused: (reason) => refused[reason].add(),
    onFailed: (error) => log.error({ error: String(error) }, 'a request to the console failed'),
  })
  return {
    port: door.port,
    binding: door.binding,
    rotation,
    async close(drainMsMax) {
      await door.close(drainMsMax)
      await Promise.all([seen.close(), sweep.stop(), rotation.close(), slots.close()])
      await audit.close()
    },
  }
}

interface RoutesNeed {
  audit: AuditLog
  slots: ImportSlots
  collector: Collector
  rotation: VaultRotation
  spoolDir: string
}

function routesOf(options: ConsoleOptions, { collector, ...kept }: RoutesNeed): Route[] {
  const { exchange, usage, events, shipper, audience, clock, adminToken, ...more } = options
  const { gvl, ownGvlId, domain, edgeUrl } = more
  const collect = { collector, metrics: new CollectMetrics(options.metrics), gvl, ownGvlId }
  const desk = { ...kept, usage, shipper, collect, backfill: events.backfill }
  const rooms = { exchange, audience, clock, gvl, ownGvlId, domain, edgeUrl, ...desk }
  return [
    ...apiDoorRoutes({
      routes: apiRoutes(rooms),
      authenticate: authenticator({ adminToken, catalog: () => exchange.catalog() }),
      idempotent: new IdempotentReplies(clock),
      isReady: () => exchange.deskDeps.feed.current() !== undefined,
    }),
    metricsRoute(options.metricsText),
    ...options.healthRoutes,
  ]
}

/** Without token: the console listens on loopback unless told otherwise, and metrics name nobody. */
function metricsRoute(metricsText: () => Promise<string>): Route {
  return {
    method: 'GET',
    path: '/metrics',
    wants: [],
    body: 'none',
    bodyBytesMax: 0,
    async handle(_ask, answer) {
      answer.send(200, ['content-type', PROM_CONTENT_TYPE], await metricsText())
    },
  }
}
