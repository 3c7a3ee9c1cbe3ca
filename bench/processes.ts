import { type ChildProcess, fork, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const TICKS_PER_S = 100
const here = dirname(fileURLToPath(import.meta.url))

/** A server under test in a process group of its own, whose CPU time can be read from outside. */
export interface Contender {
  readonly name: string
  readonly url: string
  readonly headers: Record<string, string>
  /** CPU seconds (user + system) its process group has used so far. */
  cpuS(): number
  /** Puts it back as it was at the beginning, between two bursts. */
  rest?(): Promise<void>
  stop(): Promise<void>
}

export async function startPeer(name: string, args: string[] = []): Promise<Contender> {
  const port = await freePort()
  const child = fork(join(here, 'contenders', `${name}.js`), [String(port), ...args], {
    detached: true,
  })
  await new Promise<void>((ready, failed) => {
    child.once('message', () => ready())
    child.once('exit', (code) => failed(new Error(`${name} ended with ${code}`)))
  })
  return {
    name,
    url: `http://127.0.0.1:${port}/bench`,
    headers: { authorization: 'Bearer bench-peer-key', 'content-type': 'application/json' },
    cpuS: () => groupCpuS(child.pid!),
    stop: () => stopGroup(child),
  }
}

/** Starts a command in a group of its own. */
export function startGroup(command: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(command, args, { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** User and system time of every process of a group, from /proc (Linux only, as the bench is). */
export function groupCpuS(group: number): number {
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const fields = statOf(name)
    if (fields && Number(fields[2]) === group) ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS_PER_S
}

/** The process of a group that was started with this argument. */
export function groupMember(group: number, argument: string): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(statOf(name)?.[2]) !== group) continue
    if (readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(argument))
      return Number(name)
  }
  throw new Error(`there is no process ${argument}`)
}

/** Resident memory of a process that is its own and not a mapped file's, in MiB. */
export function anonMibOf(pid: number): number {
  const kib = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(kib![1]) / 1024
}

/** Fields of /proc/<pid>/stat after the command name, which may hold spaces. */
function statOf(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')
  } catch {
    return undefined
  }
}

export async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const killer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 10_000)
  process.kill(-child.pid!, 'SIGTERM')
  await gone
  clearTimeout(killer)
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
