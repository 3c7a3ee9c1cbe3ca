import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server on this machine, and can lose an answer. */
export interface ChaosProxy {
  readonly port: number
  /**
   * The next request that contains `text` reaches the server and is done there; its answer is lost,
   * and the connection reset. Resolves when that happened.
   */
  loseAnswerTo(text: string): Promise<void>
  /** From now on another server is reached here; connections to the one before are cut. */
  retarget(port: number): void
  stop(): Promise<void>
}

export async function startChaosProxy(firstTargetPort: number): Promise<ChaosProxy> {
  let targetPort = firstTargetPort
  const sockets = new Set<Socket>()
  let wanted: { text: string; lost: () => void } | undefined

  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    let losing: (() => void) | undefined
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (request) => {
      if (wanted && request.includes(wanted.text)) {
        losing = wanted.lost
        wanted = undefined
      }
      target.write(request)
    })
    target.on('data', (answer) => {
      if (!losing) return client.write(answer)
      client.resetAndDestroy()
      return losing()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as { port: number }).port,
    loseAnswerTo: (text) =>
      new Promise((lost) => {
        wanted = { text, lost }
      }),
    retarget: (port) => {
      targetPort = port
      for (const socket of sockets) socket.destroy()
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
