import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * A port of this machine that nobody listens at; a server takes it a moment later, or nobody. Below those the system
 * hands out by itself (from 32768), so that no connection and no `listen(0)` of another test has it by then, and from
 * another place in each process.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + (next++ % COUNT)
    if (await isFree(port)) return port
  }
}

const FIRST = 10_000
const COUNT = 20_000
/** Processes that start one after the other are far apart. */
let next = (process.pid * 7_919) % COUNT

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const isListening = new Promise<boolean>((resolve) => {
    server.once('listening', () => resolve(true)).once('error', () => resolve(false))
  })
  server.listen(port, '0.0.0.0')
  if (!(await isListening)) return false
  await once(server.close(), 'close')
  return true
}
