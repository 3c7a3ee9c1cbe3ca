import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atLeast, atMost, type Figure } from './figures.ts'
import { percentile } from './paced-load.ts'
import { type Contender, freePort, groupCpuS, startPeer, stopGroup } from './processes.ts'
import { startRedis } from './redis.ts'
import { median, playRounds } from './rounds.ts'
import { SYNC_PARTNERS, syncBody } from './sync-workload.ts'

const here = dirname(fileURLToPath(import.meta.url))
const CONNECTIONS = 16
const RETURNS = 2_000
const RETURNS_PER_S = 200

export interface SyncFiguresOptions {
  say: (line: string) => void
  rounds?: number
}

/** `/cookie_sync` beside a bare echo of the same JSON, and how long `/setuid` takes over Redis. */
export async function syncFigures({ say, rounds = 7 }: SyncFiguresOptions): Promise<Figure[]> {
  say('  cookie sync')
  const figures: Figure[] = []
  const [echo, edge] = [await startPeer('json-echo'), await startEdge()]
  try {
    for (const limit of [5, undefined]) {
      const bodies = Array.from({ length: CONNECTIONS }, () => syncBody(limit))
      const load = { rounds, by: 'autocannon', seconds: 2, connections: CONNECTIONS } as const
      const played = await playRounds([echo, edge], bodies, load)
      const ratio = median(played, (round) => round['json-echo']!.cpuUs / round['edge']!.cpuUs)
      const many = limit === undefined ? 'all of them at once' : `${limit} at once`
      const what = `/cookie_sync, ${SYNC_PARTNERS.length} partners, ${many} ÷ node:http JSON echo, by server CPU a request`
      figures.push(atLeast(what, 0.4, ratio))
    }
  } finally {
    await echo.stop()
    await edge.stop()
  }
  const redis = await startRedis()
  if (redis === undefined) return figures
  const overRedis = await startEdge(`redis://127.0.0.1:${redis.port}/0`)
  try {
    figures.push(atMost('/setuid over Redis, p99', 10, await setuidMs(overRedis), ' ms'))
  } finally {
    await overRedis.stop()
    await redis.stop()
  }
  return figures
}

interface EdgeContender extends Contender {
  visits(count: number): Promise<{ cookie: string; path: string }[]>
}

async function startEdge(store = ''): Promise<EdgeContender> {
  const port = await freePort()
  const args = [String(port), store]
  const child: ChildProcess = fork(join(here, 'contenders', 'edge-door.js'), args, {
    detached: true,
  })
  const [cookie] = (await once(child, 'message')) as [string]
  return {
    name: 'edge',
    url: `http://127.0.0.1:${port}/cookie_sync`,
    headers: { cookie, origin: 'https://news.example', 'content-type': 'text/plain' },
    cpuS: () => groupCpuS(child.pid!),
    stop: () => stopGroup(child),
    async visits(count) {
      child.send(count)
      return ((await once(child, 'message')) as [{ cookie: string; path: string }[]])[0]
    },
  }
}

/** Each browser comes back once, at a fixed rate: milliseconds from the moment it was due. */
async function setuidMs(edge: EdgeContender): Promise<number> {
  const { port } = new URL(edge.url)
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const visits = await edge.visits(RETURNS)
  const beganMs = performance.now()
  const took = visits.map(async ({ cookie, path }, i) => {
    const dueMs = beganMs + (i * 1000) / RETURNS_PER_S
    await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()))
    const sentMs = Math.max(dueMs, performance.now())
    await answered({ port, path, agent, headers: { cookie } })
    return performance.now() - sentMs
  })
  const ms = Float64Array.from(await Promise.all(took))
  agent.destroy()
  return percentile(ms.slice(RETURNS / 10), 0.99)
}

function answered(options: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(options, (res) => {
      if (res.statusCode !== 200) reject(new Error(`/setuid answered ${res.statusCode}`))
      res.resume().on('end', resolve)
    })
    asked.on('error', reject)
    asked.end()
  })
}
