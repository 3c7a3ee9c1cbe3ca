import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atLeast, atMost, type Figure } from './figures.ts'
import { cannon } from './load.ts'
import { pacedWires, percentile } from './paced-load.ts'
import { type Contender, freePort, groupCpuS, startPeer, stopGroup } from './processes.ts'
import { startRedis } from './redis.ts'
import { median, playRounds, type Round } from './rounds.ts'
import { gdprBody, SYNC_PARTNERS, syncBody } from './sync-workload.ts'

const here = dirname(fileURLToPath(import.meta.url))
const CONNECTIONS = 16
const RETURNS_PER_S = 200
const RETURNS_S = 6
/** Servers run for days: what is compiled in their first seconds is played before anything is counted. */
const WARM_S = 10
const WARM_RETURNS_PER_S = 4 * RETURNS_PER_S

export interface SyncFiguresOptions {
  say: (line: string) => void
  rounds?: number
}

/** What a page asks for: named, with a body for each connection. */
const ASKS = [
  { what: '5 at once', body: () => syncBody({ limit: 5 }) },
  {
    what: '5 at once, each visitor under the GDPR',
    body: (i: number) => gdprBody(i, { limit: 5 }),
  },
  { what: 'all at once', body: () => syncBody({}) },
]

/** `/cookie_sync` beside a bare echo of the same JSON, and how long `/setuid` takes over Redis. */
export async function syncFigures(options: SyncFiguresOptions): Promise<Figure[]> {
  options.say('  cookie sync')
  return [...(await cookieSyncFigures(options)), ...(await setuidFigures())]
}

async function cookieSyncFigures({ rounds = 15 }: SyncFiguresOptions): Promise<Figure[]> {
  const [bare, edge] = [await startPeer('json-echo'), await startEdge()]
  const { headers } = edge
  const echo = { ...bare, headers }
  const floor = { ...edge, name: 'floor', url: edge.url.replace('/cookie_sync', '/floor') }
  // Short ones, and many: the speed of a shared host changes within seconds, and a round compares what it holds.
  const load = { rounds, by: 'autocannon', seconds: 1, connections: CONNECTIONS } as const
  const figures: Figure[] = []
  const share = (played: readonly Round[], name: string) =>
    median(played, (round) => round['json-echo']!.cpuUs / round[name]!.cpuUs)
  const bodiesOf = (body: (i: number) => Buffer) =>
    Array.from({ length: CONNECTIONS }, (_, i) => body(i))
  try {
    const all = ASKS.flatMap(({ body }) => bodiesOf(body))
    const warming = { seconds: WARM_S, connections: CONNECTIONS }
    for (const contender of [echo, floor, edge]) await cannon(contender, all, warming)
    for (const { what, body } of ASKS) {
      const bodies = bodiesOf(body)
      const played = await playRounds([echo, floor, edge], bodies, load)
      const line = `/cookie_sync, ${SYNC_PARTNERS.length} partners, ${what} ÷ node:http JSON echo, by server CPU a request`
      const { measured, ...rest } = atLeast(line, 0.4, share(played, 'edge'))
      const beside = `an echo through the edge door ${share(played, 'floor').toFixed(2)}×`
      figures.push({ ...rest, measured: `${measured} (${beside})` })
    }
  } finally {
    await echo.stop()
    await edge.stop()
  }
  return figures
}

async function setuidFigures(): Promise<Figure[]> {
  const redis = await startRedis()
  if (redis === undefined) return []
  const edge = await startEdge(`redis://127.0.0.1:${redis.port}/0`)
  try {
    return [await setuidFigure(edge)]
  } finally {
    await edge.stop()
    await redis.stop()
  }
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

/**
 * Partners' returns at a fixed rate, in rounds after one, at four times the rate, that is not counted; beside them the
 * same requests to a handler of the same door that does nothing. The median of the rounds' p99, each of all its requests, and the worst.
 */
async function setuidFigure(edge: EdgeContender, rounds = 5): Promise<Figure> {
  const played: { p99: number; p50: number; floor: number }[] = []
  for (let round = 0; round <= rounds; round++) {
    const rate = round === 0 ? WARM_RETURNS_PER_S : RETURNS_PER_S
    const load = { rate, seconds: RETURNS_S, connections: 32 }
    // One more second is played and not counted, and gaps are random.
    const visits = await edge.visits(rate * (RETURNS_S + 2))
    const idle = visits.map(({ cookie }) => wireOf('/floor', cookie))
    const beside = await pacedWires(edge, idle, load)
    const wires = visits.map(({ cookie, path }) => wireOf(path, cookie))
    const { ms } = await pacedWires(edge, wires, load)
    const [p99, p50] = [percentile(ms, 0.99), percentile(ms, 0.5)]
    if (round > 0) played.push({ p99, p50, floor: percentile(beside.ms, 0.99) })
  }
  const middle = (which: 'p99' | 'p50' | 'floor') => inOrder(played, which)[rounds >> 1]!
  const what = `/setuid over Redis, ${RETURNS_PER_S} a second: p99, median of ${rounds} rounds`
  const { measured, ...rest } = atMost(what, 10, middle('p99'), ' ms')
  const worst = `worst round ${inOrder(played, 'p99').at(-1)!.toFixed(2)} ms`
  const door = `the door alone p99 ${middle('floor').toFixed(2)} ms`
  return {
    ...rest,
    measured: `${measured} (${worst}; p50 ${middle('p50').toFixed(2)} ms; ${door})`,
  }
}

function inOrder<Key extends string>(rounds: readonly Record<Key, number>[], key: Key): number[] {
  return rounds.map((round) => round[key]).sort((a, b) => a - b)
}

function wireOf(path: string, cookie: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\ncookie: ${cookie}\r\n\r\n`)
}
