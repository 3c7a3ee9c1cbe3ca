import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import { DOOR_LIMITS } from '../limits.ts'
import { AnswerHead } from './answer-head.ts'
import type { Door, DoorOptions } from './door.ts'
import { fallbackRoute } from './fallback-route.ts'
import { type HeadPlan, HeadReader, planHead } from './head-reader.ts'
import { InFlight } from './in-flight.ts'
import type { NodeDoorState } from './node-door-state.ts'
import { NodeExchange } from './node-exchange.ts'
import { RouteTable } from './route-table.ts'

export interface NodeDoorOptions extends DoorOptions {
  /** Takes bodies in chunks (`Transfer-Encoding: chunked`), as curl and fetch send streams. Never on the bid door. */
  chunkedUploads?: boolean
}

/** Opens a door on node:http, hardened (reliability notes §2.2). Rejects when the port cannot be had. */
export async function openNodeDoor(options: NodeDoorOptions): Promise<Door> {
  const state = stateOf(options)
  const receive = receiver(state, options)
  const server = hardened(state, receive)
  await listen(server, options)
  return doorOf(server, state)
}

function stateOf(options: NodeDoorOptions): NodeDoorState {
  const limits = { ...DOOR_LIMITS, ...options.limits }
  return {
    clock: options.clock,
    limits,
    head: new HeadReader(limits, options.chunkedUploads),
    answerHead: new AnswerHead(options.clock, limits.keepAliveMsMax),
    inFlight: new InFlight(options.clock, limits),
    draining: false,
    onRefused: options.onRefused ?? (() => {}),
    onFailed: options.onFailed ?? (() => {}),
  }
}

/**
 * Node's defaults let slow clients sit for minutes. Its own limit on the whole request stays off: it would
 * end long imports that keep sending; late bodies are ours to find (InFlight). `maxHeadersCount` drops
 * headers silently, so they are counted by our guard instead.
 */
function hardened(
  { limits, onRefused }: NodeDoorState,
  receive: (req: IncomingMessage, res: ServerResponse) => void,
): Server {
  const server = createServer(
    {
      headersTimeout: limits.slowHeadMsMax,
      requestTimeout: 0,
      connectionsCheckingInterval: limits.sweepMs,
      keepAliveTimeout: limits.keepAliveMsMax,
      // The request line and llhttp's own counting come on top; our guard counts what it allows exactly.
      maxHeaderSize: limits.headerBytesMax + 1024,
      requireHostHeader: false,
      insecureHTTPParser: false,
    },
    receive,
  )
  server.maxHeadersCount = 0
  server.maxConnections = limits.connectionsMax
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'HPE_HEADER_OVERFLOW') onRefused('too_many_headers')
    else if (error.code?.startsWith('HPE_') && error.code !== LEFT_MIDWAY)
      onRefused('ambiguous_framing')
    socket.destroy()
  })
  return server
}

/** The client went away in the middle of a body: its exchange counts that as `aborted`. */
const LEFT_MIDWAY = 'HPE_INVALID_EOF_STATE'

/** Guards the head, finds the route, and lets an exchange take over. */
function receiver(state: NodeDoorState, options: NodeDoorOptions) {
  const table = new RouteTable(options.routes)
  const plans = new Map(options.routes.map((route) => [route, planHead(route.wants)]))
  const bodyBytesMax = state.limits.discardBytesMax
  const fallback = fallbackRoute(options.routes, { bodyBytesMax, onRefused: state.onRefused })
  return (req: IncomingMessage, res: ServerResponse): void => {
    // Node goes on parsing what came in the same packet as a head that was turned away.
    if (req.socket.destroyed) return
    const [path, query] = splitUrl(req.url ?? '')
    const route = table.find(req.method ?? '', path) ?? fallback
    const headers = route.wants.map(() => '')
    readHead(state.head, req, { plan: plans.get(route) ?? GUARD_ONLY, headers, query })
    const refusal = state.head.refusal()
    if (refusal) {
      state.onRefused(refusal)
      req.socket.destroy()
      return
    }
    const declaredBytes = state.head.contentLength
    new NodeExchange(state, route, { req, res, path, query, headers, declaredBytes }).begin()
  }
}

const GUARD_ONLY = planHead([])

function splitUrl(url: string): [string, string] {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

function readHead(
  head: HeadReader,
  { rawHeaders }: IncomingMessage,
  { plan, headers, query }: { plan: HeadPlan; headers: string[]; query: string },
): void {
  head.start(plan, headers, query.length)
  for (let i = 0; i < rawHeaders.length; i += 2)
    head.see(rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!)
}

function listen(server: Server, { host, port }: NodeDoorOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function doorOf(server: Server, state: NodeDoorState): Door {
  let closed: Promise<void> | undefined
  const close = async (drainMsMax: number): Promise<void> => {
    state.draining = true
    // http's own close() would cut idle connections at once, under a request that is on its way to us.
    NetServer.prototype.close.call(server)
    await state.inFlight.drain(drainMsMax)
    server.closeAllConnections()
    server.close()
  }
  return {
    binding: 'node:http',
    port: (server.address() as AddressInfo).port,
    close: (drainMsMax) => (closed ??= close(drainMsMax)),
  }
}
