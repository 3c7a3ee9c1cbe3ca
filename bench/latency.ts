import { atMost, type Figure } from './figures.ts'
import { mostSustained, pacedLoad, percentile } from './paced-load.ts'
import type { Contender } from './processes.ts'

const CONNECTIONS = 64
const SHARE = 0.6

/**
 * Latency at 60 % of the most the contender sustains under the same kind of load, by turns with the floor at the same rate on the same
 * machine; the median of the rounds, and the worst beside it: the load takes a core of its own, so that on two
 * cores whatever else wakes up, a collection of garbage in an idle process, is felt in its round.
 */
export async function latencyFigures(
  { ours, floor }: { ours: Contender; floor: Contender },
  requests: readonly Buffer[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Figure[]> {
  const most = await mostSustained((rate, s) =>
    pacedLoad(ours, requests, { rate, seconds: s, connections: CONNECTIONS }),
  )
  const load = { rate: Math.round(most * SHARE), seconds, connections: CONNECTIONS }
  const played: { floor: Float64Array; ours: Float64Array }[] = []
  for (let i = 0; i < rounds; i++) {
    const beside = await pacedLoad(floor, requests, load)
    played.push({ floor: beside.ms, ours: (await pacedLoad(ours, requests, load)).ms })
  }
  const figure = (name: string, share: number, goalMs: number): Figure => {
    const what = `latency at ${load.rate.toLocaleString('en')} requests/s, 60 % of the most it sustains: ${name} (median of ${rounds} rounds)`
    const of = (who: 'floor' | 'ours') =>
      played.map((round) => percentile(round[who], share)).sort((a, b) => a - b)
    const [mine, beside] = [of('ours'), of('floor')]
    const { measured, ...rest } = atMost(what, goalMs, mine[rounds >> 1]!, ' ms')
    const worst = `worst ${mine.at(-1)!.toFixed(2)} ms; floor ${beside[rounds >> 1]!.toFixed(2)}, worst ${beside.at(-1)!.toFixed(2)} ms`
    return { ...rest, measured: `${measured} (${worst})` }
  }
  return [figure('p50', 0.5, 1.5), figure('p99', 0.99, 7)]
}
