import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import type { Contender } from './processes.ts'

/** One burst of load on one contender, seen from both sides. */
export interface Burst {
  /** Server CPU (user + system, all its processes) per request, microseconds. */
  cpuUs: number
  /** Requests per second on the wall clock: shared with the generator, so not compared. */
  rate: number
  p50Ms: number
  p99Ms: number
  /** Mean bytes of an answer with its head: shows whether all were enriched. */
  bytes: number
}

export interface LoadOptions {
  seconds: number
  connections: number
}

/** What is sent: the body of a POST to the contender's own address, or the path of a GET. */
export type Request = Buffer | string

/** Load by autocannon: the requests are built once, ahead, and dealt out to the connections. */
export async function cannon(
  contender: Contender,
  requests: readonly Request[],
  { seconds, connections }: LoadOptions,
): Promise<Burst> {
  const before = contender.cpuS()
  const result = await fire(contender, requests, { seconds, connections }).result
  const used = contender.cpuS() - before
  checkAnswers(result, contender.name)
  const count = result.requests.total
  return {
    cpuUs: (used / count) * 1e6,
    rate: count / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    bytes: result.throughput.total / count,
  }
}

/** The same, going on until it is stopped. */
export function cannonFire(
  target: Target,
  requests: readonly Request[],
  connections: number,
): { stop(): Promise<void> } {
  const { instance, result } = fire(target, requests, { seconds: FOREVER_S, connections })
  return {
    async stop() {
      instance.stop()
      checkAnswers(await result, target.url)
    },
  }
}

type Target = Pick<Contender, 'url' | 'headers'>

const FOREVER_S = 24 * 3600

function fire(
  { url, headers }: Target,
  requests: readonly Request[],
  { seconds, connections }: LoadOptions,
): { instance: autocannon.Instance; result: Promise<autocannon.Result> } {
  const share = Math.ceil(requests.length / connections)
  let next = 0
  const setupClient = (client: autocannon.Client) => {
    const slice = requests.slice(next, next + share)
    next = (next + share) % (share * connections)
    client.setRequests(
      slice.map((one) =>
        typeof one === 'string' ? { method: 'GET', path: one } : { method: 'POST', body: one },
      ),
    )
  }
  const options = { url, headers, connections, duration: seconds, setupClient }
  let instance!: autocannon.Instance
  const result = new Promise<autocannon.Result>((resolve, reject) => {
    instance = autocannon({ ...options, method: 'POST' }, (error, all) =>
      error ? reject(error) : resolve(all),
    )
  })
  return { instance, result }
}

function checkAnswers({ non2xx, errors }: autocannon.Result, name: string): void {
  if (non2xx > 0 || errors > 0)
    throw new Error(`${name}: ${non2xx} answers not 2xx, ${errors} errors`)
}

export function hasWrk(): boolean {
  try {
    execFileSync('wrk', ['-v'], { stdio: 'ignore' })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
  return true
}

/** The same by wrk, whose own appetite is small; of bodies without line ends. */
export async function wrk(
  contender: Contender,
  requests: readonly Request[],
  { seconds, connections }: LoadOptions,
): Promise<Burst> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-wrk-'))
  try {
    writeFileSync(join(folder, 'bodies'), `${requests.join('\n')}\n`)
    writeFileSync(join(folder, 'load.lua'), luaOf(folder, contender))
    const before = contender.cpuS()
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', 'load.lua']
    const { stdout } = await run('wrk', [...args, new URL(contender.url).origin], { cwd: folder })
    return readWrk(stdout, contender.cpuS() - before, contender.name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const run = promisify(execFile)

function luaOf(folder: string, contender: Contender): string {
  const headers = Object.entries(contender.headers)
    .map(([name, value]) => `["${name}"]="${value}"`)
    .join(',')
  const { pathname, search } = new URL(contender.url)
  return `local r = {} local i = 0
init = function() for l in io.lines("${folder}/bodies") do
  r[#r + 1] = l:sub(1, 1) == "/" and wrk.format("GET", l, {${headers}})
    or wrk.format("POST", "${pathname}${search}", {${headers}}, l) end end
request = function() i = i % #r + 1 return r[i] end
done = function(s, l) io.write(string.format("\\nRESULT %d %d %d %d %f %f\\n",
  s.requests, s.duration, s.bytes, s.errors.status, l:percentile(50), l:percentile(99))) end
`
}

function readWrk(stdout: string, usedS: number, name: string): Burst {
  const fields = /^RESULT (.*)$/m.exec(stdout)?.[1]?.split(' ').map(Number)
  if (!fields) throw new Error(`wrk said nothing that can be read: ${stdout.slice(0, 300)}`)
  const [count = 0, durationUs = 0, bytes = 0, failures = 0, p50Us = 0, p99Us = 0] = fields
  if (failures > 0) throw new Error(`${name}: ${failures} answers not 2xx`)
  return {
    cpuUs: (usedS / count) * 1e6,
    rate: count / (durationUs / 1e6),
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    bytes: bytes / count,
  }
}
