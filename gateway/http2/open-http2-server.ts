import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { everyBeat } from '../../audience/beat.ts'
import type { Clock } from '../../audience/clock.ts'
import { Http2Connection } from './http2-connection.ts'
import { HTTP2_LIMITS } from './limits.ts'
import type { Serve } from './open-streams.ts'
import { Scratches } from './outbox.ts'

export interface Http2ServerOptions {
  host: string
  /** 0 picks a free port. */
  port: number
  /** PEM; absent: h2c, by prior knowledge (RFC 9113 §3.3). */
  tls?: { cert: Buffer; key: Buffer } | undefined
  /** More are closed as they come. */
  connectionsMax: number
  clock: Clock
  serve: Serve
  onFailed: (error: unknown) => void
}

export interface Http2Server {
  readonly port: number
  /** Takes no new connections, and no streams once clients know. */
  leave(): void
  /** Ends what is left. */
  destroy(): void
}

const PROTOCOL = 'h2'

/** A server of HTTP/2 alone. Rejects when the port cannot be had. */
export async function openHttp2Server(options: Http2ServerOptions): Promise<Http2Server> {
  const { tls, clock, serve, onFailed, connectionsMax } = options
  const connections = new Set<Http2Connection>()
  const shared = { serve, clock, onFailed, scratches: new Scratches() }
  const take = (socket: Socket): void => {
    const connection = new Http2Connection(socket, shared)
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  }
  const server = tls ? tlsServer(tls, take) : createServer(take)
  server.maxConnections = connectionsMax
  await listen(server, options)
  const endSweeps = everyBeat(HTTP2_LIMITS.sweepMs, () => {
    for (const connection of connections) connection.sweep()
  })
  return {
    port: (server.address() as AddressInfo).port,
    leave() {
      server.close()
      for (const connection of connections) connection.leave()
    },
    destroy() {
      endSweeps()
      for (const connection of connections) connection.destroy()
    },
  }
}

/** RFC 9113 §3.2: a client that does not ask for h2 speaks something else. */
function tlsServer(tls: { cert: Buffer; key: Buffer }, take: (socket: Socket) => void): Server {
  const settings = { ...tls, ALPNProtocols: [PROTOCOL], handshakeTimeout: HTTP2_LIMITS.startMsMax }
  const server = createTlsServer(settings, (socket: TLSSocket) => {
    if (socket.alpnProtocol === PROTOCOL) take(socket)
    else socket.destroy()
  })
  return server.on('tlsClientError', (_, socket) => socket.destroy())
}

function listen(server: Server, { host, port, onFailed }: Http2ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      server.on('error', onFailed)
      resolve()
    })
  })
}
