import {
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../audience/clock.ts'
import type { Door } from '../http/door.ts'
import { InFlight } from '../http/in-flight.ts'
import { DOOR_LIMITS } from '../limits.ts'
import { GrpcCall, type GrpcDoorState } from './grpc-call.ts'
import { GrpcExchange } from './grpc-exchange.ts'
import type { GrpcRoute } from './grpc-route.ts'
import { type HealthState, HealthWatch } from './health.ts'
import { GRPC_LIMITS } from './limits.ts'

export interface GrpcDoorOptions {
  host: string
  /** 0 picks a free port. */
  port: number
  routes: readonly GrpcRoute[]
  /** PEM; absent: h2c, which is HTTP/2 in the clear. */
  tls?: { cert: Buffer; key: Buffer } | undefined
  /** What the health service tells. */
  health: HealthState
  clock: Clock
  /** Told of a handler that threw, or did not answer; its client got INTERNAL. */
  onFailed: (error: unknown) => void
}

/** Takes a call whose head is there. */
type Method = (call: GrpcCall) => void

/**
 * The door of gRPC on node:http2: unary calls become what a door of HTTP hands to its handlers, and standard health
 * (grpc.health.v1) is served beside them. Workers share a named port as they share that of the bid door.
 */
export async function openGrpcDoor(options: GrpcDoorOptions): Promise<Door> {
  const { clock, onFailed, tls } = options
  const limits = DOOR_LIMITS
  const state = { clock, limits, inFlight: new InFlight(clock, limits), onFailed }
  const health = new HealthWatch(options.health)
  const methods = methodsOf(options, state, health)
  const server = hardened(tls)
  const sessions = sessionsOf(server)
  server.on('stream', (stream, headers) => {
    // A stream that breaks is closed, which is what its call is told.
    stream.on('error', () => {})
    const refused = statusOf(headers)
    if (refused !== undefined) stream.respond({ ':status': refused }, { endStream: true })
    else methodFor(headers, methods)(new GrpcCall(state, stream, headers))
  })
  await listen(server, options)
  return {
    binding: tls ? 'node:http2, TLS' : 'node:http2, h2c',
    port: (server.address() as AddressInfo).port,
    async close(drainMsMax) {
      health.close()
      server.close()
      for (const session of sessions) session.close()
      await state.inFlight.drain(drainMsMax)
      for (const session of sessions) session.destroy()
    },
  }
}

function hardened(tls: GrpcDoorOptions['tls']): Http2Server {
  const options = {
    maxSessionMemory: GRPC_LIMITS.connectionMibMax,
    maxHeaderListPairs: DOOR_LIMITS.headersMax,
    settings: {
      maxConcurrentStreams: GRPC_LIMITS.streamsMax,
      maxHeaderListSize: GRPC_LIMITS.headBytesMax,
      enablePush: false,
    },
  }
  const server = tls ? createSecureServer({ ...options, ...tls }) : createServer(options)
  server.maxConnections = DOOR_LIMITS.connectionsMax
  return server
}

/** Connections that are open; those on which nothing happens are closed. */
function sessionsOf(server: Http2Server): Set<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.setTimeout(GRPC_LIMITS.idleMsMax, () => session.close())
    session.on('close', () => sessions.delete(session))
  })
  return sessions
}

const { HTTP_STATUS_METHOD_NOT_ALLOWED, HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE } = constants

/** Why a request is none of gRPC, as a status of HTTP. */
function statusOf(headers: IncomingHttpHeaders): number | undefined {
  if (headers[':method'] !== 'POST') return HTTP_STATUS_METHOD_NOT_ALLOWED
  const isGrpc = headers['content-type']?.startsWith('application/grpc')
  return isGrpc ? undefined : HTTP_STATUS_UNSUPPORTED_MEDIA_TYPE
}

type Methods = ReadonlyMap<string, Method>

function methodFor(headers: IncomingHttpHeaders, methods: Methods): Method {
  return methods.get(headers[':path'] ?? '') ?? unknown
}

const unknown: Method = (call) => call.begin(() => call.refuse('unknown_method'))

function methodsOf(
  { routes }: GrpcDoorOptions,
  state: GrpcDoorState,
  health: HealthWatch,
): Methods {
  return new Map<string, Method>([
    ...routes.map((route): [string, Method] => [route.path, unary(route, state)]),
    ['/grpc.health.v1.Health/Check', (call) => call.begin((asked) => check(call, health, asked))],
    ['/grpc.health.v1.Health/Watch', (call) => call.begin((asked) => watch(call, health, asked))],
  ])
}

function unary(route: GrpcRoute, { onFailed }: GrpcDoorState): Method {
  return (call) =>
    call.begin((message) => {
      const exchange = new GrpcExchange(call, route, message)
      try {
        route.handle(exchange, exchange)
      } catch (error) {
        onFailed(error)
        call.refuse('failed')
      }
    })
}

function check(call: GrpcCall, health: HealthWatch, asked: Uint8Array): void {
  const answer = health.check(asked)
  if (answer === undefined) call.refuse('unknown_service')
  else call.answer(answer, {})
}

function watch(call: GrpcCall, health: HealthWatch, asked: Uint8Array): void {
  const end = health.watch(asked, (answer) => call.tell(answer))
  if (end === undefined) call.refuse('too_many_watchers')
  else call.onLeft(end)
}

/** Rejects when the port cannot be had. */
function listen(server: Http2Server, { host, port, onFailed }: GrpcDoorOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      server.on('error', onFailed)
      resolve()
    })
  })
}
