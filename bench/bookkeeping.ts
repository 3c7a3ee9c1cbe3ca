import { fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.ts'
import { type Contender, freePort, groupCpuS, stopGroup } from './processes.ts'
import { playRounds, type Round } from './rounds.ts'

const ROUNDS = 61
const here = dirname(fileURLToPath(import.meta.url))

/**
 * What the bid path's books add to the CPU of a request: three processes of the bid path, of which one
 * gives the same segments for nothing, and one does not note who was given what about whom; medians of
 * interleaved rounds, with the middle half of them.
 */
export async function bookkeepingFigures(
  requests: Buffer[],
  { say, rounds = ROUNDS }: { say: (line: string) => void; rounds?: number },
): Promise<Figure[]> {
  say(`  ${rounds} rounds, with and without metering and tokens, and the egress ledger`)
  const contenders = [
    await startBidPath('whole'),
    await startBidPath('free'),
    await startBidPath('unnoted'),
  ]
  try {
    const played = await playRounds(contenders, requests, {
      rounds,
      by: 'autocannon',
      seconds: 1,
      connections: 16,
    })
    return [
      addedFigure('metering and tokens', played, { without: 'free', goal: 0.05 }),
      addedFigure('egress ledger', played, { without: 'unnoted', goal: 0.03 }),
    ]
  } finally {
    for (const contender of contenders) await contender.stop()
  }
}

function addedFigure(
  what: string,
  rounds: readonly Round[],
  { without, goal }: { without: string; goal: number },
): Figure {
  const added = rounds
    .map((round) => round['whole']!.cpuUs / round[without]!.cpuUs - 1)
    .sort((a, b) => a - b)
  const at = (share: number) => percent(added[Math.floor(added.length * share)]!)
  return {
    what: `${what} ÷ bid path CPU (${rounds.length} rounds, middle half ${at(0.25)} … ${at(0.75)})`,
    goal: `≤ ${percent(goal)}`,
    measured: at(0.5),
    holds: added[added.length >> 1]! <= goal,
  }
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`

async function startBidPath(name: 'whole' | 'free' | 'unnoted'): Promise<Contender> {
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
