import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BidPathJob } from './contenders/bid-path.ts'
import type { BesideUs } from './contenders/books-by-turns.ts'
import { BURNT_US, WAYS, type Way } from './contenders/turns.ts'
import { type Figure, told } from './figures.ts'
import { cannonFire } from './load.ts'
import { freePort, stopGroup } from './processes.ts'
import { SEED, seeded } from './workload.ts'

const PAIRS = 41
/** Each way has so many turns in a round, of which the median counts. */
const TURNS = 48
const TURN_REQUESTS = 50
const WARM_UP_ROUNDS = 10
const CONNECTIONS = 16
const S_US = 1_000_000
const here = dirname(fileURLToPath(import.meta.url))

/** CPU a request of each way, microseconds. */
type Round = Record<Way, number>

/**
 * What the bid path's books add to the CPU of a request: one process of the bid path under a load that goes on, played
 * with and without them by short turns in an order that is drawn (contenders/turns.ts). What it writes in the background
 * (records, their hashes and syncs, rows) falls into anybody's turn; so it is measured beside, without load, and added as
 * a share of a processor. The same way twice, and a known amount of work, say how far this can be trusted.
 */
export async function bookkeepingFigures(
  requests: Buffer[],
  { say, pairs = PAIRS }: { say: (line: string) => void; pairs?: number },
): Promise<Figure[]> {
  say(`  ${pairs} pairs, with and without metering and tokens, and the egress ledger`)
  const { child, load } = await startBidPath(requests)
  try {
    await playRound(child, WARM_UP_ROUNDS * TURNS)
    const rounds: Round[] = []
    for (let i = 0; i < pairs; i++) rounds.push(await playRound(child, TURNS))
    await load.stop()
    const wholeUs = median(rounds.map(({ whole }) => whole))
    const requestsPerS = Math.round(S_US / wholeUs)
    const beside = (await asked(child, { requestsPerS })) as BesideUs
    const usage = addedShares(rounds, 'whole', 'free')
    const egress = addedShares(rounds, 'whole', 'unnoted')
    return [
      costFigure('metering and tokens', usage, { besideUs: beside.usage, goal: 0.05 }),
      costFigure('egress ledger', egress, { besideUs: beside.egress, goal: 0.03 }),
      nothingFigure(addedShares(rounds, 'again', 'whole')),
      told(
        `the same measure of ${BURNT_US} µs of work beside the ${wholeUs.toFixed(1)} µs of a request`,
        median(rounds.map(({ burning, whole }) => burning - whole)),
        ' µs',
      ),
    ]
  } finally {
    await stopGroup(child)
  }
}

async function startBidPath(requests: Buffer[]) {
  const port = await freePort()
  const child = fork(join(here, 'contenders', 'bid-path.js'), [String(port)], { detached: true })
  const key = String(await nextMessage(child))
  const url = `http://127.0.0.1:${port}/openrtb2/enrich`
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return { child, load: cannonFire({ url, headers }, requests, CONNECTIONS) }
}

async function playRound(child: ChildProcess, turns: number): Promise<Round> {
  const ways = drawn(turns)
  const us = (await asked(child, { ways, requests: TURN_REQUESTS })) as number[]
  const usOf = (way: Way) => median(us.filter((_, i) => ways[i] === way))
  return Object.fromEntries(WAYS.map((way) => [way, usOf(way)])) as Round
}

const random = seeded(SEED)

/** So many times all ways, each time in an order of its own: none follows another more often than chance has it. */
function drawn(times: number): Way[] {
  return Array.from({ length: times }, () => {
    const left = [...WAYS]
    return WAYS.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!)
  }).flat()
}

function asked(child: ChildProcess, job: BidPathJob): Promise<unknown> {
  const answer = nextMessage(child)
  child.send(job)
  return answer
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const ended = once(child, 'exit', over).then(([code]) => {
    throw new Error(`the bid path ended with ${code}`)
  })
  ended.catch(() => {})
  try {
    const [message] = (await Promise.race([once(child, 'message', over), ended])) as unknown[]
    return message
  } finally {
    over.abort()
  }
}

/** By how much `way` costs more than `than`, in each round; ascending. */
function addedShares(rounds: readonly Round[], way: Way, than: Way): number[] {
  return rounds.map((round) => round[way] / round[than] - 1).sort((a, b) => a - b)
}

function costFigure(
  what: string,
  added: readonly number[],
  { besideUs, goal }: { besideUs: number; goal: number },
): Figure {
  const beside = besideUs / S_US
  const share = median(added) + beside
  return {
    what: `${what} ÷ bid path CPU, by turns in one process (${spread(added)}; of it in the background ${percent(beside, 2)})`,
    goal: `≤ ${percent(goal)}`,
    measured: percent(share),
    holds: share <= goal,
  }
}

function nothingFigure(added: readonly number[]): Figure {
  const what = `the same measure of nothing: the bid path ÷ itself (${spread(added)})`
  return { what, goal: '–', measured: percent(median(added)), holds: true }
}

function spread(added: readonly number[]): string {
  const at = (share: number) => percent(added[Math.floor(added.length * share)]!)
  return `${added.length} pairs, middle half ${at(0.25)} … ${at(0.75)}`
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

const percent = (share: number, digits = 1) => `${(share * 100).toFixed(digits)} %`
