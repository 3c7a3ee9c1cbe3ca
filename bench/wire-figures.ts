import { atLeast, atMost, type Figure, told } from './figures.ts'
import { type GrpcBurst, grpcLoad } from './grpc-load.ts'
import { inProtobuf, rtbRequestOf } from './openrtb-message.ts'
import { type Ours, startOurs } from './ours.ts'
import { percentile } from './paced-load.ts'
import { type Contender, startPeer } from './processes.ts'
import { median, playRounds } from './rounds.ts'
import { makePeople } from './workload.ts'

const SHARE = 0.6

/** The wires beside JSON: protobuf beside the floor and a peer that decodes and encodes, gRPC beside a handler that does nothing. */
export async function wireFigures(
  requests: readonly Buffer[],
  { say, rounds = 7, seconds = 3 }: { say(line: string): void; rounds?: number; seconds?: number },
): Promise<Figure[]> {
  say(`  ${rounds} rounds of protobuf and gRPC`)
  const ours = await startOurs('ours')
  const peers = [await startPeer('floor'), await startPeer('protobuf')]
  const started: Contender[] = [ours, ...peers]
  try {
    await ours.importPeople(makePeople())
    const bodies = requests.map(inProtobuf)
    const type = { 'content-type': 'application/x-protobuf' }
    const contenders = started.map((one) => ({ ...one, headers: { ...one.headers, ...type } }))
    const played = await playRounds(contenders, bodies, {
      ...{ rounds, by: 'autocannon', seconds, connections: 16 },
    })
    const us = (name: string) => median(played, (round) => round[name]!.cpuUs)
    const of = (name: string) =>
      median(played, (round) => round[name]!.cpuUs / round['ours']!.cpuUs)
    for (const peer of peers) await peer.stop()
    return [
      told('protobuf enrich, server CPU a request', us('ours'), ' µs'),
      atLeast('protobuf enrich ÷ floor, by server CPU a request', 0.45, of('floor')),
      atLeast('protobuf enrich ÷ decode and encode by protobufjs', 5, of('protobuf')),
      ...(await grpcFigures(ours, bodies, { rounds, seconds })),
    ]
  } finally {
    for (const one of started) await one.stop()
  }
}

async function grpcFigures(
  ours: Ours,
  bodies: readonly Buffer[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Figure[]> {
  const messages = bodies.map(rtbRequestOf)
  const authorization = ours.headers['authorization']!
  const load = (port: number, rate?: number): Promise<GrpcBurst> =>
    grpcLoad({ port, authorization, messages, seconds, ...(rate === undefined ? {} : { rate }) })
  const { bytes } = await load(ours.grpcPort)
  const empty = await startPeer('grpc-empty', [String(Math.round(bytes))])
  try {
    const emptyPort = Number(new URL(empty.url).port)
    const ratios: number[] = []
    let most = 0
    for (let i = 0; i < rounds; i++) {
      const [base, mine] = [
        await cpuOf(empty, () => load(emptyPort)),
        await cpuOf(ours, () => load(ours.grpcPort)),
      ]
      ratios.push(base.us / mine.us)
      most = Math.max(most, mine.rate)
    }
    const p99s: number[] = []
    for (let i = 0; i < rounds; i++)
      p99s.push(percentile((await load(ours.grpcPort, most * SHARE)).ms, 0.99))
    return [
      atLeast('GetMutations ÷ an empty gRPC handler, by server CPU a call', 0.6, middle(ratios)),
      atMost(
        `GetMutations, p99 at 60 % of its maximum (${Math.round(most * SHARE)} calls/s)`,
        5,
        middle(p99s),
        ' ms',
      ),
    ]
  } finally {
    await empty.stop()
  }
}

async function cpuOf(
  contender: Contender,
  burst: () => Promise<GrpcBurst>,
): Promise<{ us: number; rate: number }> {
  const before = contender.cpuS()
  const { calls, rate } = await burst()
  return { us: ((contender.cpuS() - before) / calls) * 1e6, rate }
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!
}
