import { fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.ts'
import { type Contender, freePort, groupCpuS, stopGroup } from './processes.ts'
import { playRounds } from './rounds.ts'

const PAIRS = 21
const GOAL = 0.05
const here = dirname(fileURLToPath(import.meta.url))

/**
 * What counting and sealing add to the CPU of a bid request: two processes of the bid path, of which
 * one gives the same segments for nothing; medians of interleaved pairs, with the middle half of them.
 */
export async function meteringFigures(
  requests: Buffer[],
  { say, pairs = PAIRS }: { say: (line: string) => void; pairs?: number },
): Promise<Figure[]> {
  say(`  ${pairs} pairs, with and without metering and tokens`)
  const contenders = [await startBidPath('metered'), await startBidPath('free')]
  try {
    const rounds = await playRounds(contenders, requests, {
      rounds: pairs,
      by: 'autocannon',
      seconds: 3,
      connections: 16,
    })
    const added = rounds
      .map((round) => round['metered']!.cpuUs / round['free']!.cpuUs - 1)
      .sort((a, b) => a - b)
    const at = (share: number) => percent(added[Math.floor(added.length * share)]!)
    return [
      {
        what: `metering and tokens ÷ bid path CPU (${pairs} pairs, middle half ${at(0.25)} … ${at(0.75)})`,
        goal: `≤ ${percent(GOAL)}`,
        measured: at(0.5),
        holds: added[added.length >> 1]! <= GOAL,
      },
    ]
  } finally {
    for (const contender of contenders) await contender.stop()
  }
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`

async function startBidPath(name: 'metered' | 'free'): Promise<Contender> {
  const port = await freePort()
  const child = fork(join(here, 'contenders', 'bid-path.js'), [String(port), name], {
    detached: true,
  })
  const key = await new Promise<string>((ready, failed) => {
    child.once('message', (text) => ready(String(text)))
    child.once('exit', (code) => failed(new Error(`bid-path ${name} ended with ${code}`)))
  })
  return {
    name,
    url: `http://127.0.0.1:${port}/openrtb2/enrich`,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    cpuS: () => groupCpuS(child.pid!),
    stop: () => stopGroup(child),
  }
}
