import { atLeast, atMost, type Figure, told } from './figures.ts'
import { type GrpcBurst, type GrpcLoad, grpcLoad, grpcSustained } from './grpc-load.ts'
import { rtbRequestOf } from './openrtb-message.ts'
import type { Ours } from './ours.ts'
import { percentile } from './paced-load.ts'
import { type Contender, startPeer } from './processes.ts'
import type { WireRounds } from './wire-figures.ts'

const SHARE = 0.6

/** gRPC beside a handler of the gRPC project's library that does nothing, which answers as many bytes. */
export async function grpcFigures(
  ours: Ours,
  bodies: readonly Buffer[],
  { say, rounds, seconds }: WireRounds,
): Promise<Figure[]> {
  say(`  ${rounds} rounds of gRPC`)
  const messages = bodies.map(rtbRequestOf)
  const authorization = ours.headers['authorization']!
  const load = (port: number, more: Partial<GrpcLoad> = {}): Promise<GrpcBurst> =>
    grpcLoad({ port, authorization, messages, seconds, ...more })
  // Long enough for the compiler: a call is rarer than a request, and its code gets hot later.
  const warm = { seconds: 3 * seconds }
  const { bytes } = await load(ours.grpcPort, warm)
  const empty = await startPeer('grpc-empty', [String(Math.round(bytes))])
  try {
    const emptyPort = Number(new URL(empty.url).port)
    await load(emptyPort, warm)
    const played: { base: Cost; mine: Cost }[] = []
    for (let i = 0; i < rounds; i++) {
      const base = await costOf(empty, () => load(emptyPort))
      played.push({ base, mine: await costOf(ours, () => load(ours.grpcPort)) })
    }
    const most = await grpcSustained({ port: ours.grpcPort, authorization, messages, seconds })
    const rate = Math.round(most * SHARE)
    const p99s: { base: number; mine: number }[] = []
    for (let i = 0; i < rounds; i++) {
      const base = percentile((await load(emptyPort, { rate })).ms, 0.99)
      p99s.push({ base, mine: percentile((await load(ours.grpcPort, { rate })).ms, 0.99) })
    }
    const ratio = middle(played.map(({ base, mine }) => base.us / mine.us))
    const [mineMs, baseMs] = [p99s.map(({ mine }) => mine), p99s.map(({ base }) => base)]
    const what = `GetMutations, p99 at 60 % of the most it sustains at random moments (${rate.toLocaleString('en')} calls/s, median of ${rounds} rounds)`
    const p99 = atMost(what, 5, middle(mineMs), ' ms')
    const beside = `worst ${Math.max(...mineMs).toFixed(2)} ms; the empty handler ${middle(baseMs).toFixed(2)}, worst ${Math.max(...baseMs).toFixed(2)} ms`
    return [
      told('GetMutations, server CPU a call', middle(played.map(({ mine }) => mine.us)), ' µs'),
      atLeast('GetMutations ÷ an empty handler of @grpc/grpc-js, by server CPU a call', 0.6, ratio),
      { ...p99, measured: `${p99.measured} (${beside})` },
    ]
  } finally {
    await empty.stop()
  }
}

interface Cost {
  /** Microseconds of server CPU a call. */
  us: number
  rate: number
}

async function costOf(contender: Contender, burst: () => Promise<GrpcBurst>): Promise<Cost> {
  const before = contender.cpuS()
  const { calls, rate } = await burst()
  return { us: ((contender.cpuS() - before) / calls) * 1e6, rate }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
