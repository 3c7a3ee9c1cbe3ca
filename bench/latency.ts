import { atMost, type Figure } from './figures.ts'
import { burstOf } from './load.ts'
import { pacedLoad, percentile } from './paced-load.ts'
import type { Contender } from './processes.ts'

const CONNECTIONS = 64
const SHARE = 0.6

/** Latency at 60 % of the contender's own maximum rate; beside it the floor's at the same rate, on the same machine. */
export async function latencyFigures(
  { ours, floor }: { ours: Contender; floor: Contender },
  requests: readonly Buffer[],
  seconds: number,
): Promise<Figure[]> {
  const most = await burstOf(ours, requests, { seconds: 3, connections: 16 })
  const load = { rate: Math.round(most.rate * SHARE), seconds, connections: CONNECTIONS }
  const beside = await pacedLoad(floor, requests, load)
  const calm = await pacedLoad(ours, requests, load)
  const figure = (name: string, share: number, goalMs: number): Figure => {
    const what = `latency at ${load.rate.toLocaleString('en')} requests/s, 60 % of its own maximum: ${name}`
    const { measured, ...rest } = atMost(what, goalMs, percentile(calm.ms, share), ' ms')
    return {
      ...rest,
      measured: `${measured} (floor ${percentile(beside.ms, share).toFixed(2)} ms)`,
    }
  }
  return [figure('p50', 0.5, 1.5), figure('p99', 0.99, 7)]
}
