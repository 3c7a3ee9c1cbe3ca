import { atMost, type Figure } from './figures.ts'
import { cannon } from './load.ts'
import type { Contender } from './processes.ts'

const CONNECTIONS = 16
const SHARE = 0.6

/** Latency at 60 % of the contender's own maximum rate, corrected for coordinated omission by autocannon. */
export async function latencyFigures(
  contender: Contender,
  requests: readonly Buffer[],
  seconds: number,
): Promise<Figure[]> {
  const most = await cannon(contender, requests, { seconds: 3, connections: CONNECTIONS })
  const rate = Math.round(most.rate * SHARE)
  const calm = await cannon(contender, requests, { seconds, connections: CONNECTIONS, rate })
  return [
    atMost('latency at 60 % of its own maximum rate, p50', 1.5, calm.p50Ms, ' ms'),
    atMost('latency at 60 % of its own maximum rate, p99', 7, calm.p99Ms, ' ms'),
  ]
}
