// `npm run bench [-- --quick] [-- --json] [-- --only <names>]`: ours beside a floor and peers, interleaved in one run; with
// `--population 100000` so many seeded people through the collector instead (population/run-population.ts).
// The figures are ratios of server CPU a request; README's table is rewritten by a full run.
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { backfillFigures } from './backfill-figures.ts'
import { bookkeepingFigures } from './bookkeeping.ts'
import { collectFigures } from './collect-figures.ts'
import { deskFigures } from './desk-speed.ts'
import { eventLatencyFigures } from './event-latency.ts'
import { atMost, contenderTable, cpuFigures, type Figure, figureTable } from './figures.ts'
import { historyBytesFigures } from './history-bytes.ts'
import { latencyFigures } from './latency.ts'
import { hasWrk } from './load.ts'
import { matchImportFigures } from './match-import.ts'
import { matchFigures } from './match-speed.ts'

import { startOurs } from './ours.ts'
import { runPopulation } from './population/run-population.ts'
import { type Contender, startPeer } from './processes.ts'
import { profileFigures } from './profile-figures.ts'
import { reachFigures } from './reach-speed.ts'
import { startRedis } from './redis.ts'
import { playRounds, type Round } from './rounds.ts'
import { scaleFigures } from './scale.ts'
import { storeFigures } from './store-figures.ts'
import { syncFigures } from './sync-figures.ts'
import { wireFigures } from './wire-figures.ts'
import { makeWorkload, SEED } from './workload.ts'
import { writeReadme } from './write-readme.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    only: { type: 'string' },
    population: { type: 'string' },
  },
})
const quick = flags.quick ?? false
const CONNECTIONS = 16

const say = (line: string) => process.stderr.write(`${line}\n`)

async function main(): Promise<void> {
  say(`Passerelle bench: seed ${SEED}, ${machine()}`)
  const { requests, people } = makeWorkload()
  const redis = await startRedis()
  if (!redis) say('redis-server is not on PATH: the stack peer and the Redis figures are left out.')
  const ours = await startOurs('ours')
  await ours.importPeople(people)
  const peers = [await startPeer('floor'), await startPeer('parse')]
  if (redis) peers.push(await startPeer('stack', [String(await redis.loadProfiles(people))]))
  const contenders: Contender[] = [peers[0]!, ours, ...peers.slice(1)]
  try {
    await ours.gcPauseMsMax()
    const rounds = await play(contenders, requests, 'autocannon')
    const figures = cpuFigures(rounds, 'autocannon')
    const pauseMs = await ours.gcPauseMsMax()
    figures.push(atMost('longest garbage-collection pause under that load', 20, pauseMs, ' ms'))
    if (hasWrk()) figures.push(...cpuFigures(await play(contenders, requests, 'wrk'), 'wrk'))
    for (const peer of peers.slice(1)) await peer.stop()
    const paced = quick ? { rounds: 1, seconds: 4 } : { rounds: 7, seconds: 5 }
    figures.push(...(await latencyFigures({ ours, floor: peers[0]! }, requests, paced)))
    for (const contender of contenders) await contender.stop()
    if (!quick) figures.push(...(await slowFigures(requests, redis !== undefined)))
    report(rounds, figures)
  } finally {
    for (const contender of contenders) await contender.stop()
    await redis?.stop()
  }
}

function play(contenders: Contender[], requests: Buffer[], by: 'autocannon' | 'wrk') {
  const rounds = quick ? (by === 'wrk' ? 1 : 2) : 7
  say(`${rounds} rounds by ${by}: ${contenders.map((one) => one.name).join(', ')}`)
  return playRounds(contenders, requests, {
    rounds,
    by,
    seconds: quick ? 1 : 4,
    connections: CONNECTIONS,
    onRound: (round, of) => say(`  round ${round} of ${of}`),
  })
}

/** Figures that take their time, by the name under which `--only` asks for them. */
const SLOW: Record<string, (requests: Buffer[]) => Promise<Figure[]>> = {
  scale: (requests) => scaleFigures(requests, say),
  profile: () => profileFigures(say),
  reach: () => reachFigures(say),
  match: () => matchFigures(say),
  collect: () => collectFigures(say),
  desk: () => deskFigures(say),
  events: () => eventLatencyFigures(say),
  backfill: () => backfillFigures(say),
  books: (requests) => bookkeepingFigures(requests, { say }),
  sync: () => syncFigures({ say }),
  import: () => matchImportFigures(say),
  wires: (requests) => wireFigures(requests, { say }),
  store: async () => [...(await storeFigures(say)), ...(await historyBytesFigures(say))],
}

async function slowFigures(requests: Buffer[], hasRedis: boolean): Promise<Figure[]> {
  say('cost at scale, memory, Redis (some minutes)')
  const figures: Figure[] = []
  for (const [name, measure] of Object.entries(SLOW))
    if (hasRedis || name !== 'store') figures.push(...(await measured(name, measure(requests))))
  return figures
}

/** One part that fails is told as such, and spoils no other. */
function measured(name: string, figures: Promise<Figure[]>): Promise<Figure[]> {
  return figures.catch((error: unknown) => {
    say(`  ${name} failed: ${error instanceof Error ? error.stack : error}`)
    return [{ what: `\`${name}\``, goal: '–', measured: 'could not be measured', holds: false }]
  })
}

/** `--only reach,match`: these alone; README stays as it is. */
async function some(names: string): Promise<void> {
  const { requests } = makeWorkload()
  for (const name of names.split(',')) {
    const measure = SLOW[name]
    if (!measure) throw new Error(`--only knows ${Object.keys(SLOW).join(', ')}`)
    process.stdout.write(`${figureTable(await measure(requests)).join('\n')}\n`)
  }
}

function report(rounds: Round[], figures: Figure[]): void {
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ machine: machine(), seed: SEED, rounds, figures })}\n`)
    return
  }
  const lines = [...contenderTable(rounds), '', ...figureTable(figures)]
  process.stdout.write(`${lines.join('\n')}\n`)
  if (!quick) writeReadme([`Machine: ${machine()}.`, '', ...lines])
}

function machine(): string {
  const commit = (() => {
    try {
      return execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim()
    } catch {
      return 'no commit'
    }
  })()
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${commit}`
}

if (flags.population !== undefined) await runPopulation(Number(flags.population), SEED, say)
else if (flags.only !== undefined) await some(flags.only)
else await main()
