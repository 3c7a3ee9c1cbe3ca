import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import type { Clock } from '../../audience/clock.ts'
import type { Door } from '../http/door.ts'
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
  /** Told of a handler that threw; its client got INTERNAL. */
  onFailed: (error: unknown) => void
}

/**
 * The door of @grpc/grpc-js: unary calls become what a door of HTTP hands to its handlers, and standard health
 * (grpc.health.v1) is served beside them. Workers share a named port as they share that of the bid door.
 */
export async function openGrpcDoor(options: GrpcDoorOptions): Promise<Door> {
  const { host, tls } = options
  const server = new Server({
    'grpc.max_receive_message_length': GRPC_LIMITS.messageBytesMax,
    'grpc.max_concurrent_streams': GRPC_LIMITS.streamsMax,
    'grpc.max_connection_idle_ms': GRPC_LIMITS.idleMsMax,
  })
  for (const route of options.routes)
    server.addService(unary(route.path), { call: callOf(route, options) })
  const health = serveHealth(server, options.health)
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
    : ServerCredentials.createInsecure()
  const address = `${host.includes(':') ? `[${host}]` : host}:${options.port}`
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return {
    binding: tls ? 'grpc-js, TLS' : 'grpc-js, h2c',
    port,
    close: (drainMsMax) => {
      health.close()
      return shutDown(server, drainMsMax)
    },
  }
}

const asIs = (bytes: Buffer): Buffer => bytes
const RAW = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
}

function unary(path: string): ServiceDefinition<UntypedServiceImplementation> {
  return { call: { path, requestStream: false, responseStream: false, ...RAW } }
}

function callOf(route: GrpcRoute, { clock, onFailed }: GrpcDoorOptions) {
  return (call: ServerUnaryCall<Buffer, Buffer>, then: sendUnaryData<Buffer>): void => {
    const exchange = new GrpcExchange({ call, then, route, clock, failure, metadataOf })
    call.on('cancelled', () => exchange.aborted())
    try {
      route.handle(exchange, exchange)
    } catch (error) {
      onFailed(error)
      exchange.send(500, ['x-passerelle-reason', 'failed'])
    }
  }
}

const OUR_OWN = 'x-passerelle-'

function metadataOf(headers: readonly string[]): Metadata {
  const metadata = new Metadata()
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]!.startsWith(OUR_OWN)) metadata.set(headers[i]!, headers[i + 1]!)
  return metadata
}

/** Why a call came to nothing, as grpc-js takes it. */
function failure(code: number, reason: string, details: string) {
  const metadata = new Metadata()
  metadata.set('x-passerelle-reason', reason)
  return { code, details, metadata }
}

function serveHealth(server: Server, state: HealthState): HealthWatch {
  const health = new HealthWatch(state)
  const service = {
    check: { ...unary('/grpc.health.v1.Health/Check')['call']! },
    watch: { ...unary('/grpc.health.v1.Health/Watch')['call']!, responseStream: true },
  }
  server.addService(service, {
    check: (call: ServerUnaryCall<Buffer, Buffer>, then: sendUnaryData<Buffer>) => {
      const answer = health.check(call.request)
      if (answer === undefined) then(failure(5, 'unknown_service', 'no such service'))
      else then(null, answer)
    },
    watch: (call: ServerWritableStream<Buffer, Buffer>) => {
      const end = health.watch(call.request, (answer) => void call.write(answer))
      if (end === undefined) call.emit('error', failure(8, 'too_many', 'too many watch already'))
      else call.on('cancelled', end)
    },
  })
  return health
}

/** Answers what is under way, up to a point. */
function shutDown(server: Server, drainMsMax: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), drainMsMax)
    server.tryShutdown(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
