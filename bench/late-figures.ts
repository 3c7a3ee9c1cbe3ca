import { messageField } from '../proto/message-fields.ts'
import type { Figure } from './figures.ts'
import { getWires } from './get-wires.ts'
import { grpcLoad, grpcSustained } from './grpc-load.ts'
import type { Request } from './load.ts'
import { inProtobuf, rtbRequestOf } from './openrtb-message.ts'
import type { Ours } from './ours.ts'
import { type LoadAt, mostSustained, pacedLoad, percentile } from './paced-load.ts'
import type { Contender } from './processes.ts'
import type { WireRounds } from './wire-figures.ts'

const WHAT = 'answers after the client’s own deadline at 60 % load'
const SHARE = 0.6
const CONNECTIONS = 64

/** A wire whose client says, or is known, to wait no longer than so. */
interface DeadlineWire {
  name: string
  deadlineMs: number
  /** As many requests a second as go under the same kind of load. */
  most(): Promise<number>
  /** Milliseconds of each request at such a rate. */
  paced(rate: number): Promise<Float64Array>
}

/** How many answers come after their client stopped waiting, at 60 % of what each wire can do. */
export async function lateFigures(
  ours: Ours,
  requests: readonly Buffer[],
  { say, seconds }: WireRounds,
): Promise<Figure[]> {
  say('  late answers, wire by wire')
  const figures: Figure[] = []
  for (const wire of [
    ...httpWires(ours, requests, seconds),
    ...(await getDeadlines(ours, requests, seconds)),
    grpcWire(ours, requests, seconds),
  ]) {
    figures.push(await lateOf(wire).catch((error: unknown) => untold(wire, error)))
  }
  return figures
}

async function lateOf({ name, deadlineMs, most, paced }: DeadlineWire): Promise<Figure> {
  const rate = Math.round((await most()) * SHARE)
  const ms = await paced(rate)
  const late = ms.filter((one) => one > deadlineMs).length
  const worst = `p99 ${percentile(ms, 0.99).toFixed(1)}, worst ${percentile(ms, 1).toFixed(1)} ms`
  return {
    what: `${WHAT}: ${name} (${rate.toLocaleString('en')}/s)`,
    goal: 'none',
    measured: `${late} of ${ms.length.toLocaleString('en')} (${worst})`,
    holds: late === 0,
  }
}

/** A wire that fails under its load spoils the figures of no other. */
function untold({ name }: DeadlineWire, error: unknown): Figure {
  return { what: `${WHAT}: ${name}`, goal: 'none', measured: String(error), holds: false }
}

function httpWires(ours: Ours, requests: readonly Buffer[], seconds: number): DeadlineWire[] {
  const origin = new URL(ours.url).origin
  const bodies = requests.map(inProtobuf)
  const at = (path: string, headers: Record<string, string>): Contender => {
    return { ...ours, url: origin + path, headers: { ...ours.headers, ...headers } }
  }
  const protobuf = { 'content-type': 'application/x-protobuf' }
  const secret = ours.headers['authorization']!.slice('Bearer '.length)
  const artf = requests.map((body) =>
    Buffer.from(`{"id":"bench","tmax":100,"bid_request":${body}}`),
  )
  const augment = bodies.map((body) => messageField(1, body))
  return [
    overHttp('enrich, tmax 120 ms', 120, { contender: ours, requests, seconds }),
    overHttp('enrich in protobuf, tmax 120 ms', 120, {
      ...{ contender: at('/openrtb2/enrich', protobuf), requests: bodies, seconds },
    }),
    overHttp('POST /artf/mutations, tmax 100 ms', 100, {
      ...{ contender: at('/artf/mutations', {}), requests: artf, seconds },
    }),
    overHttp('POST /augment (Beeswax), 10 ms', 10, {
      ...{ contender: at('/augment', { ...protobuf, 'beeswax-auth-secret': secret }), seconds },
      requests: augment,
    }),
  ]
}

async function getDeadlines(
  ours: Ours,
  requests: readonly Buffer[],
  seconds: number,
): Promise<DeadlineWire[]> {
  const [xandr, optable] = await getWires(ours, requests)
  const of = (wire: typeof xandr) => {
    return { contender: wire!.contender, requests: wire!.paths, seconds }
  }
  return [
    overHttp(`${xandr!.name}, 10 ms`, 10, of(xandr)),
    overHttp(`${optable!.name}, timeout 100 ms`, 100, of(optable)),
  ]
}

function overHttp(
  name: string,
  deadlineMs: number,
  load: { contender: Contender; requests: readonly Request[]; seconds: number },
): DeadlineWire {
  const { contender, requests, seconds } = load
  const at: LoadAt = (rate, s) =>
    pacedLoad(contender, requests, { rate, seconds: s, connections: CONNECTIONS })
  return {
    ...{ name, deadlineMs },
    most: () => mostSustained(at),
    paced: async (rate) => (await at(rate, seconds)).ms,
  }
}

function grpcWire(ours: Ours, requests: readonly Buffer[], seconds: number): DeadlineWire {
  const messages = requests.map(inProtobuf).map(rtbRequestOf)
  const authorization = ours.headers['authorization']!
  const load = { port: ours.grpcPort, authorization, messages, seconds, timeoutMs: 100 }
  return {
    ...{ name: 'GetMutations, tmax and grpc-timeout 100 ms', deadlineMs: 100 },
    most: () => grpcSustained(load),
    paced: async (rate) => (await grpcLoad({ ...load, rate })).ms,
  }
}
