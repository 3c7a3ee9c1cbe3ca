import type { Audience } from '../audience/audience.ts'
import type { Clock } from '../audience/clock.ts'
import type { Gvl } from '../audience/consent/gvl.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { NoticeBook } from '../exchange/usage/notice-book.ts'
import type { Usage } from '../exchange/usage/usage.ts'
import { usageTerms } from '../exchange/usage/usage-terms.ts'
import { ARTF_SERVICES, artfGrpcRoutes, artfJsonRoute } from './artf/artf-routes.ts'
import { CONTENT_TYPE, WANTS } from './bid/arrive.ts'
import type { BidRooms } from './bid/bid-rooms.ts'
import { ENRICH_JSON } from './bid/enrich-wire.ts'
import { createBidHandler } from './bid/handle-bid.ts'
import { BID_LIMITS } from './bid/limits.ts'
import { openBidRooms } from './bid/open-bid-rooms.ts'
import { dropInRoutes } from './dropin/drop-in-routes.ts'
import type { GrpcRoute } from './grpc/grpc-route.ts'
import { type GrpcDoorOptions, openGrpcDoor } from './grpc/open-grpc-door.ts'
import {
  type Door,
  type DoorOptions,
  type DoorRefusal,
  DoorRefusals,
  type Route,
} from './http/door.ts'
import { openNodeDoor } from './http/open-node-door.ts'
import { openUwsDoor } from './http/open-uws-door.ts'
import type { Metrics } from './metrics/counters.ts'
import { NoticeMetrics } from './notice/notice-metrics.ts'
import { noticeRoutes } from './notice/notice-routes.ts'
import { ENRICH_PROTOBUF } from './protobuf/enrich-protobuf.ts'
import { isProtobuf } from './protobuf/is-protobuf.ts'

export interface GatewayOptions {
  host: string
  port: number
  audience: Audience
  exchange: Exchange
  usage: Usage
  /** Where it is noted who was given what about whom; closed by whoever opened it, after this. */
  egress: BidRooms['egress']
  /** What match rates are made of. */
  matchCounts: BidRooms['matchCounts']
  metrics: Metrics
  clock: Clock
  gvl: Gvl | undefined
  ownGvlId: number | undefined
  /** Our own domain, as ids that are added name it. */
  domain: string
  /** `/health/…`, the same on every door of the instance. */
  healthRoutes: readonly Route[]
  /** The gRPC door; absent: none is opened. */
  grpc?: Pick<GrpcDoorOptions, 'port' | 'tls'> & { isReady(): boolean }
  /** ARTF may give segments with their provider. */
  artfDataSegments?: boolean
  /** Told of what an operator should know. */
  warn: (message: string, details?: object) => void
}

/** The bid door, the gRPC door, and the bid path behind them. */
export interface Gateway {
  readonly port: number
  readonly grpcPort: number | undefined
  /** What serves it: see Door. */
  readonly binding: string
  close(drainMsMax: number): Promise<void>
}

/** Opens the bid door over uWebSockets.js, or over node:http (with one warning) where no native build loads. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { rooms, close } = openBidRooms(options)
  const artf = { mayNameProvider: options.artfDataSegments ?? false }
  const enrich: Route = {
    method: 'POST',
    path: '/openrtb2/enrich',
    wants: WANTS,
    body: 'whole',
    bodyBytesMax: BID_LIMITS.bodyBytesMax,
    handle: enrichHandler(rooms),
  }
  const wires = [enrich, artfJsonRoute(rooms, artf), ...dropInRoutes(rooms)]
  const door = await openDoor(options, [...wires, ...openNotices(options), ...options.healthRoutes])
  const grpc = await openGrpc(options, artfGrpcRoutes(rooms, artf))
  return {
    port: door.port,
    grpcPort: grpc?.port,
    binding: door.binding,
    async close(drainMsMax) {
      await Promise.all([door.close(drainMsMax), grpc?.close(drainMsMax)])
      close()
    },
  }
}

/** In JSON or in protobuf, as its content type says. */
function enrichHandler(rooms: BidRooms): Route['handle'] {
  const json = createBidHandler(rooms, ENRICH_JSON)
  const protobuf = createBidHandler(rooms, ENRICH_PROTOBUF)
  return (ask, answer) =>
    isProtobuf(ask.headers[CONTENT_TYPE]!, ask.body) ? protobuf(ask, answer) : json(ask, answer)
}

async function openGrpc(
  { host, grpc, clock, warn }: GatewayOptions,
  routes: readonly GrpcRoute[],
): Promise<Door | undefined> {
  return (
    grpc &&
    openGrpcDoor({
      host,
      ...grpc,
      routes,
      health: { isReady: grpc.isReady, services: ARTF_SERVICES },
      clock,
      onFailed: (error) => warn('a handler of the gRPC door failed', { error: String(error) }),
    })
  )
}

function openNotices({ audience, exchange, usage, clock, metrics }: GatewayOptions): Route[] {
  const noticeMetrics = new NoticeMetrics(metrics)
  const book = new NoticeBook({
    ledger: usage.ledger,
    clock,
    keys: () => usage.keys(),
    terms: () => {
      const snapshot = audience.feed.current()
      return snapshot && usageTerms(snapshot)
    },
    onIgnored: (why) => noticeMetrics.ignored(why),
  })
  return noticeRoutes({ exchange, book, metrics: noticeMetrics })
}

async function openDoor(options: GatewayOptions, routes: readonly Route[]): Promise<Door> {
  const { host, port, clock, metrics, warn } = options
  const words = Object.keys(DoorRefusals) as DoorRefusal[]
  const refused = metrics.counterOf('passerelle_door_refused_total', 'reason', words)
  const door: DoorOptions = {
    host,
    port,
    routes,
    clock,
    onRefused: (reason) => refused[reason].add(),
    onFailed: (error) => warn('a handler of the bid door failed', { error: String(error) }),
  }
  const native = await openUwsDoor(door)
  if (native) return native
  warn('no native uWebSockets.js loads on this machine: the bid door runs over node:http, slower')
  return openNodeDoor(door)
}
