import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** A real redis-server on a free port of this machine, with a folder of its own. */
export interface RedisServer {
  readonly port: number
  /** `redis://127.0.0.1:<port>/0` */
  readonly url: string
  /** What it keeps: with an append-only file, every command it was ever given. */
  readonly folder: string
  /** Freezes it (SIGSTOP): connections stay open and nothing answers. */
  pause(): void
  /** Lets it run on (SIGCONT). */
  resume(): void
  /** Kills it at once (SIGKILL); what is not in its append-only file is lost. */
  kill(): Promise<void>
  /** Starts it again on the same port and folder, after `kill`. */
  restart(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

export interface RedisServerOptions {
  /** Further settings, as on the command line: `['--rename-command', 'CONFIG', '']`. */
  settings?: string[]
  /** False: only the port is reserved; `restart()` starts it. */
  started?: boolean
}

/** Starts a server, by default with an append-only file: what it answered survives its kill. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  requireRedis()
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-redis-'))
  const port = await freePort()
  let child: ChildProcess | undefined

  async function restart(): Promise<void> {
    child = spawn('redis-server', settingsOf(port, folder, options.settings ?? []), {
      stdio: 'ignore',
    })
    await listening(port, child)
  }

  async function kill(): Promise<void> {
    const victim = child
    child = undefined
    if (!victim || victim.exitCode !== null || victim.signalCode !== null) return
    const gone = once(victim, 'exit')
    victim.kill('SIGKILL')
    await gone
  }

  if (options.started ?? true) await restart()
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    folder,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    kill,
    restart,
    stop: async () => {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function requireRedis(): void {
  if (spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0) return
  throw new Error(
    'redis-server not found: apt-get install redis-server, or PASSERELLE_TEST_INSTALL=1 as root',
  )
}

function settingsOf(port: number, folder: string, more: string[]): string[] {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  return [...own, '--appendonly', 'yes', '--appendfsync', 'everysec', ...more]
}

/** Resolves at the first PONG; asks again whenever a connection is refused or says it is loading. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) if (await answers(port)) return
  throw new Error(`redis-server ended with ${child.exitCode} before it listened on ${port}`)
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString().startsWith('+PONG'))
    })
    // The next try is made in a later turn of the event loop, which is when the server had time to start.
    socket.once('error', () => setTimeout(resolve, 5, false))
  })
}
