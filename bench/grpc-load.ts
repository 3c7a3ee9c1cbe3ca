import { GrpcConnection } from './grpc-connection.ts'
import { answerIfAsked, inOwnProcess } from './own-process.ts'
import { type Lane, mostSustained, pace } from './paced-load.ts'

export const GET_MUTATIONS =
  '/com.iabtechlab.bidstream.mutation.services.v1.RTBExtensionPoint/GetMutations'

export interface GrpcLoad {
  port: number
  authorization: string
  messages: readonly Buffer[]
  seconds: number
  /** Calls a second, at random moments (see pacedLoad); absent: as many as go, `LANES` at once. */
  rate?: number
  /** What each call says its client waits. */
  timeoutMs?: number
}

export interface GrpcBurst {
  /** Milliseconds of each call; with a rate, from when it was due, and without the first second. */
  ms: Float64Array
  /** Calls a second. */
  rate: number
  /** How many calls were answered. */
  calls: number
  /** Mean bytes of an answer. */
  bytes: number
}

const CONNECTIONS = 4
const LANES = 32
/** With a rate a queue is felt by who waits in it, not by a client that holds back. */
const PACED_LANES = 400

/** Load from a process of its own, over connections whose frames are written by hand. */
export function grpcLoad(load: GrpcLoad): Promise<GrpcBurst> {
  return inOwnProcess(import.meta.url, load)
}

/** See mostSustained; no more than a flood gets through. Nobody stops waiting: a call that came too late would have no message. */
export async function grpcSustained({ timeoutMs: _, ...load }: GrpcLoad): Promise<number> {
  const at = async (rate: number, seconds: number) => {
    const { ms, rate: perS } = await grpcLoad({ ...load, rate, seconds })
    return { ms, perS }
  }
  return mostSustained(at, (await grpcLoad({ ...load, seconds: 1 })).rate)
}

async function play(load: GrpcLoad): Promise<GrpcBurst> {
  const { messages, seconds, rate, ...target } = load
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      GrpcConnection.open({ path: GET_MUTATIONS, ...target }),
    ),
  )
  const each = (rate === undefined ? LANES : PACED_LANES) / CONNECTIONS
  const all = connections.map((one) => one.lanes(each))
  const lanes = Array.from({ length: each * CONNECTIONS }, (_, i) => all[i % CONNECTIONS]!.shift()!)
  const beganMs = performance.now()
  const { ms, calls } =
    rate === undefined
      ? await flood(lanes, messages, seconds)
      : await paced(lanes, messages, { rate, seconds })
  const tookS = (performance.now() - beganMs) / 1000
  const bytes = connections.reduce((sum, { answerBytes }) => sum + answerBytes, 0)
  return { ms, calls, rate: calls / tookS, bytes: bytes / calls }
}

async function paced(
  lanes: readonly Lane[],
  messages: readonly Buffer[],
  options: { rate: number; seconds: number },
): Promise<Pick<GrpcBurst, 'ms' | 'calls'>> {
  const { ms, first } = await pace(lanes, messages, options)
  return { ms, calls: first + ms.length }
}

async function flood(
  lanes: readonly Lane[],
  messages: readonly Buffer[],
  seconds: number,
): Promise<Pick<GrpcBurst, 'ms' | 'calls'>> {
  const ms: number[] = []
  const untilMs = performance.now() + seconds * 1000
  let next = 0
  const askOver = (lane: Lane, done: () => void): void => {
    const askedMs = performance.now()
    if (askedMs >= untilMs) done()
    else
      lane.ask(messages[next++ % messages.length]!, () => {
        ms.push(performance.now() - askedMs)
        askOver(lane, done)
      })
  }
  await Promise.all(lanes.map((lane) => new Promise<void>((done) => askOver(lane, done))))
  for (const lane of lanes) lane.close()
  return { ms: Float64Array.from(ms), calls: ms.length }
}

await answerIfAsked(import.meta.url, play)
