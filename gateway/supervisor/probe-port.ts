import { createServer } from 'node:net'
import type { Clock } from '../../audience/clock.ts'

export interface PortProbe {
  host: string
  port: number
  /** The setting that names it. */
  variable: string
}

/**
 * Makes sure nobody else serves a port: workers share theirs (SO_REUSEPORT), so a foreign process on it
 * would silently take a part of the traffic. Waits a little for an instance that is just leaving.
 * Rejects with a sentence that names the setting.
 */
export async function probePort(probe: PortProbe, clock: Clock, waitMsMax: number): Promise<void> {
  const endMs = clock.elapsed() + waitMsMax
  for (;;) {
    const problem = await tryListen(probe)
    if (problem === undefined) return
    if (problem !== 'EADDRINUSE' || clock.elapsed() >= endMs)
      throw new Error(`${probe.variable}: ${sentence(problem, probe)}`)
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

const RETRY_MS = 100

/** The error's code; undefined where the port is free. */
function tryListen({ host, port }: PortProbe): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? String(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

function sentence(code: string, { host, port }: PortProbe): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use by another process`
  if (code === 'EACCES') return `this user may not listen on port ${port}`
  if (code === 'EADDRNOTAVAIL') return `${host} is not an address of this machine`
  return `cannot listen on ${host}:${port} (${code})`
}
