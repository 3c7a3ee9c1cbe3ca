import type { Clock } from '../../audience/clock.ts'
import type { Door } from '../http/door.ts'
import { InFlight } from '../http/in-flight.ts'
import type { Http2Stream } from '../http2/http2-stream.ts'
import { literalFields } from '../http2/literal-fields.ts'
import { openHttp2Server } from '../http2/open-http2-server.ts'
import type { RequestHead } from '../http2/request-head.ts'
import { DOOR_LIMITS } from '../limits.ts'
import { GrpcCall, type Method } from './grpc-call.ts'
import { GrpcExchange } from './grpc-exchange.ts'
import type { GrpcRoute } from './grpc-route.ts'
import { type HealthState, HealthWatch } from './health.ts'

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

/**
 * The door of gRPC on our own HTTP/2 (gateway/http2/): unary calls become what a door of HTTP hands to its handlers, and standard health
 * (grpc.health.v1) is served beside them. Workers share a named port as they share that of the bid door.
 */
export async function openGrpcDoor(options: GrpcDoorOptions): Promise<Door> {
  const { host, port, tls, clock, onFailed } = options
  const limits = DOOR_LIMITS
  const state = { clock, limits, inFlight: new InFlight(clock, limits), onFailed }
  const health = new HealthWatch(options.health)
  const methods = methodsOf(options, health)
  const server = await openHttp2Server({
    ...{ host, port, tls, clock, onFailed, connectionsMax: limits.connectionsMax },
    serve(stream) {
      const refused = refusalOf(stream.head)
      if (refused === undefined)
        return new GrpcCall(state, stream, methods.get(stream.head.path) ?? unknown)
      return refuse(stream, refused)
    },
  })
  return {
    binding: tls ? 'HTTP/2, TLS' : 'HTTP/2, h2c',
    port: server.port,
    async close(drainMsMax) {
      server.leave()
      health.close()
      await state.inFlight.drain(drainMsMax)
      server.destroy()
    },
  }
}

const WRONG_METHOD = literalFields([[':status', '405']])
const WRONG_TYPE = literalFields([[':status', '415']])

/** Why a request is none of gRPC, in words of HTTP. */
function refusalOf(head: RequestHead): Buffer | undefined {
  if (head.method !== 'POST') return WRONG_METHOD
  const type = head.get('content-type') ?? ''
  return type === GRPC_TYPE || PROTOBUF_TYPE.test(type) ? undefined : WRONG_TYPE
}

/** Not gRPC-Web, whose clients read no trailers, nor messages in another format than ours. */
const GRPC_TYPE = 'application/grpc'
const PROTOBUF_TYPE = /^application\/grpc(\+proto)? *(;|$)/i

function refuse(stream: Http2Stream, block: Buffer): undefined {
  stream.sendHead(block, true)
}

const unknown: Method = (call) => call.refuse('unknown_method')

function methodsOf(
  { routes, onFailed }: GrpcDoorOptions,
  health: HealthWatch,
): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    ...routes.map((route): [string, Method] => [route.path, unary(route, onFailed)]),
    ['/grpc.health.v1.Health/Check', (call, asked) => check(call, health, asked)],
    ['/grpc.health.v1.Health/Watch', (call, asked) => watch(call, health, asked)],
  ])
}

function unary(route: GrpcRoute, onFailed: (error: unknown) => void): Method {
  return (call, message) => {
    const exchange = new GrpcExchange(call, route, message)
    try {
      route.handle(exchange, exchange)
    } catch (error) {
      onFailed(error)
      call.refuse('failed')
    }
  }
}

function check(call: GrpcCall, health: HealthWatch, asked: Uint8Array): void {
  const answer = health.check(asked)
  if (answer === undefined) call.refuse('unknown_service')
  else call.answer(answer)
}

function watch(call: GrpcCall, health: HealthWatch, asked: Uint8Array): void {
  const end = health.watch(asked, {
    tell: (answer) => call.tell(answer),
    end: () => call.refuse('leaving'),
  })
  if (end === undefined) call.refuse('too_many_watchers')
  else call.onLeft(end)
}
