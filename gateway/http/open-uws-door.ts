import type { HttpRequest, HttpResponse, us_listen_socket } from 'uWebSockets.js'
import { DOOR_LIMITS } from '../limits.ts'
import type { Door, DoorOptions, Route } from './door.ts'
import { fallbackRoute } from './fallback-route.ts'
import { HeadReader, planHead } from './head-reader.ts'
import { InFlight } from './in-flight.ts'
import { loadUws, type NativeUws, newApp, type UwsApp } from './uws.ts'
import type { UwsDoorState } from './uws-door-state.ts'
import { UwsExchange, type UwsRoute } from './uws-exchange.ts'

const POOL_MAX = 256

/**
 * Opens a door on uWebSockets.js; undefined where no native build loads, so that the caller may open the
 * node:http one instead. Rejects when the port cannot be had. Routes with `stream` bodies are not served here.
 */
export async function openUwsDoor(options: DoorOptions): Promise<Door | undefined> {
  const native = loadUws()
  if (!native) return undefined
  if (options.routes.some((route) => route.body === 'stream'))
    throw new Error('the uWebSockets.js door hands over whole bodies only')
  const state = new State(options)
  const app = newApp(native)
  for (const route of options.routes) register(app, route, (of) => serve(state, of))
  const bodyBytesMax = state.limits.discardBytesMax
  const fallback = fallbackRoute(options.routes, { bodyBytesMax, onRefused: state.onRefused })
  register(app, fallback, (of) => serve(state, of))
  return doorOf(app, state, { native, socket: await listen(app, native, options) })
}

class State implements UwsDoorState {
  readonly clock
  readonly limits
  readonly head
  readonly inFlight
  readonly onRefused
  readonly onFailed
  draining = false
  private readonly pool: UwsExchange[] = []

  constructor(options: DoorOptions) {
    this.clock = options.clock
    this.limits = { ...DOOR_LIMITS, ...options.limits }
    this.head = new HeadReader(this.limits)
    this.inFlight = new InFlight(this.clock, this.limits)
    this.onRefused = options.onRefused ?? (() => {})
    this.onFailed = options.onFailed ?? (() => {})
  }

  take(): UwsExchange {
    return this.pool.pop() ?? new UwsExchange(this)
  }

  recycle(exchange: UwsExchange): void {
    if (this.pool.length < POOL_MAX) this.pool.push(exchange)
  }
}

function serve(state: State, of: UwsRoute) {
  return (res: HttpResponse, req: HttpRequest): void => state.take().begin(of, res, req)
}

function register(
  app: UwsApp,
  route: Route,
  serveIt: (of: UwsRoute) => (res: HttpResponse, req: HttpRequest) => void,
): void {
  const method = route.method === 'ANY' ? undefined : route.method
  const path = route.path.endsWith('/*') ? undefined : route.path
  const serves = serveIt({ route, plan: planHead(route.wants), path, method })
  const verb = VERBS[route.method]
  app[verb](route.path, serves)
}

const VERBS = {
  GET: 'get',
  POST: 'post',
  PUT: 'put',
  DELETE: 'del',
  OPTIONS: 'options',
  ANY: 'any',
} as const

/** A picked port must be ours alone; a named one is shared by the workers (SO_REUSEPORT). */
function listen(app: UwsApp, native: NativeUws, options: DoorOptions) {
  const { host, port } = options
  const flags = port === 0 ? native.uws.LIBUS_LISTEN_EXCLUSIVE_PORT : 0
  return new Promise<us_listen_socket>((resolve, reject) => {
    const then = (socket: us_listen_socket | false): void => {
      if (socket) resolve(socket)
      else reject(new Error(`cannot listen on ${host}:${port}`))
    }
    app.listen(host, port, flags, then)
  })
}

function doorOf(
  app: UwsApp,
  state: State,
  { native, socket }: { native: NativeUws; socket: us_listen_socket },
): Door {
  let closed: Promise<void> | undefined
  const close = async (drainMsMax: number): Promise<void> => {
    state.draining = true
    native.uws.us_listen_socket_close(socket)
    await state.inFlight.drain(drainMsMax)
    app.close()
  }
  return {
    binding: native.binding,
    port: native.uws.us_socket_local_port(socket),
    close: (drainMsMax) => (closed ??= close(drainMsMax)),
  }
}
