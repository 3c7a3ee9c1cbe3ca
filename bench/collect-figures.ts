import { fork } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shopEvent } from './event-workload.ts'
import { atLeast, type Figure, told } from './figures.ts'
import { type Contender, freePort, groupCpuS, startPeer, stopGroup } from './processes.ts'
import { type BenchRedis, startRedis } from './redis.ts'
import { median, playRounds, type Round } from './rounds.ts'
import { seeded } from './workload.ts'

const here = dirname(fileURLToPath(import.meta.url))
/** Browsers are many, and none waits for another. */
const CONNECTIONS = 64
const ROUNDS = 5
const BATCH = 20

/** What SDKs send: one track at a time from pages, batches from servers. */
const ASKS = [
  { what: 'one track', path: '/v1/track', body: (random: () => number) => shopEvent(random) },
  {
    what: `a batch of ${BATCH}`,
    path: '/v1/batch',
    body: (random: () => number) => ({
      batch: Array.from({ length: BATCH }, () => shopEvent(random)),
      sentAt: new Date().toISOString(),
    }),
  },
]

/**
 * The collector through the browser door beside a bare echo of the same JSON: each request is answered once its events
 * are on disk, or in Redis.
 */
export async function collectFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  collector')
  const redis = await startRedis()
  const echo = await startPeer('json-echo')
  const doors = [await startCollector('embedded', '')]
  if (redis) doors.push(await startCollector('Redis', addressOf(redis)))
  try {
    const figures: Figure[] = []
    for (const { what, path, body } of ASKS) {
      const random = seeded(CONNECTIONS)
      const bodies = Array.from({ length: 4 * CONNECTIONS }, () =>
        Buffer.from(JSON.stringify(body(random))),
      )
      const contenders = [echo, ...doors.map((door) => ({ ...door, url: door.url + path }))]
      const load = { by: 'autocannon', seconds: 1, connections: CONNECTIONS } as const
      figures.push(
        ...shares(what, await playRounds(contenders, bodies, { rounds: ROUNDS, ...load })),
      )
    }
    return figures
  } finally {
    for (const one of [echo, ...doors]) await one.stop()
    await redis?.stop()
  }
}

function shares(what: string, played: readonly Round[]): Figure[] {
  const share = (name: string) =>
    median(played, (round) => round['json-echo']!.cpuUs / (round[name]?.cpuUs ?? Number.NaN))
  const line = (where: string) =>
    `collector, ${what}, durable in ${where} ÷ node:http JSON echo, by server CPU a request`
  const us = median(played, (round) => round['embedded']!.cpuUs)
  const { measured, ...rest } = atLeast(line('the embedded store'), 0.5, share('embedded'))
  const embedded = { ...rest, measured: `${measured} (${us.toFixed(0)} µs)` }
  return played[0]?.['Redis'] ? [embedded, told(line('Redis'), share('Redis'), '×')] : [embedded]
}

async function startCollector(name: string, address: string): Promise<Contender> {
  const port = await freePort()
  const args = [String(port), address]
  const child = fork(join(here, 'contenders', 'collect-door.js'), args, { detached: true })
  const [key] = (await once(child, 'message')) as [string]
  const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    headers: { authorization, origin: 'https://shop.example', 'content-type': 'text/plain' },
    cpuS: () => groupCpuS(child.pid!),
    rest: async () => {
      child.send('rest')
      await once(child, 'message')
    },
    stop: () => stopGroup(child),
  }
}

function addressOf({ port }: BenchRedis): string {
  return `redis://127.0.0.1:${port}/0`
}
