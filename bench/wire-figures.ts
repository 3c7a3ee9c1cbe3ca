import { codecFigures } from './codec-speed.ts'
import { atLeast, type Figure, told } from './figures.ts'
import { getFigures } from './get-figures.ts'
import { grpcFigures } from './grpc-figures.ts'
import { lateFigures } from './late-figures.ts'
import { bidRequest, inProtobuf } from './openrtb-message.ts'
import { contractBody, type Ours, partnerBody, startOurs } from './ours.ts'
import { type Contender, startPeer } from './processes.ts'
import { median, playRounds } from './rounds.ts'
import { BUYER, DEAL, makePeople, PROVIDERS } from './workload.ts'

/** How often and how long each load runs. */
export interface WireRounds {
  say(line: string): void
  rounds: number
  seconds: number
}

/** Where the buyer reads tokens in protobuf. */
const TOKEN_FIELD = 500

/** The wires beside JSON, each beside the least that anybody on the same door must do, and whether any is late. */
export async function wireFigures(
  requests: readonly Buffer[],
  { say, rounds = 7, seconds = 3 }: Pick<WireRounds, 'say'> & Partial<WireRounds>,
): Promise<Figure[]> {
  const how = { say, rounds, seconds }
  const inProcess = await codecFigures(say)
  const ours = await startOurs('ours')
  try {
    await ours.importPeople(makePeople())
    const settings = { wires: { protobuf: { token: TOKEN_FIELD } } }
    await ours.api('PUT', `/api/partners/${BUYER.id}`, { ...partnerBody(['dsp'], BUYER), settings })
    const bodies = requests.map(inProtobuf)
    const figures = [...(await protobufFigures(ours, bodies, how)), ...inProcess]
    await billOnDelivery(ours)
    figures.push(...(await grpcFigures(ours, bodies, how)))
    figures.push(...(await getFigures(ours, requests, how)))
    figures.push(...(await lateFigures(ours, requests, how)))
    return figures
  } finally {
    await ours.stop()
  }
}

/** The wires that follow carry no token: what is billed on notice would not be given over them. */
async function billOnDelivery({ api }: Ours): Promise<void> {
  for (const { id } of PROVIDERS)
    await api('PUT', `/api/contracts/${id}-sells`, { ...contractBody(id), billOn: 'delivered' })
}

/** The same job behind the same door, by protobufjs: the whole request decoded, added to, and encoded again. */
async function protobufFigures(
  ours: Ours,
  bodies: readonly Buffer[],
  { say, rounds, seconds }: WireRounds,
): Promise<Figure[]> {
  say(`  ${rounds} rounds of protobuf`)
  const peers = [await startPeer('floor'), await startPeer('protobuf')]
  const contenders = [ours, ...peers].map((one): Contender => {
    const headers = { ...one.headers, 'content-type': 'application/x-protobuf' }
    return { ...one, headers }
  })
  try {
    for (const one of [contenders[0]!, contenders[2]!]) await mustEnrich(one, bodies[1]!)
    const load = { rounds, by: 'autocannon', seconds, connections: 16 } as const
    const played = await playRounds(contenders, bodies, load)
    const us = (name: string) => median(played, (round) => round[name]!.cpuUs)
    const ratio = (of: string, to: string) =>
      median(played, (round) => round[of]!.cpuUs / round[to]!.cpuUs)
    const added = median(
      played,
      ({ floor, protobuf, ours: mine }) =>
        (protobuf!.cpuUs - floor!.cpuUs) / (mine!.cpuUs - floor!.cpuUs),
    )
    const job = 'the same job on the same door by protobufjs (decode, add, encode)'
    return [
      told('protobuf enrich, server CPU a request', us('ours'), ' µs'),
      atLeast('protobuf enrich ÷ floor, by server CPU a request', 0.45, ratio('floor', 'ours')),
      atLeast(`${job} ÷ protobuf enrich, by server CPU a request`, 5, ratio('protobuf', 'ours')),
      told(
        'the same ÷ the floor, which no door can be cheaper than',
        ratio('protobuf', 'floor'),
        '×',
      ),
      told('what it adds to the floor ÷ what protobuf enrich adds', added, '×'),
    ]
  } finally {
    for (const peer of peers) await peer.stop()
  }
}

interface Enriched {
  user: { data: { segment: unknown[] }[] }
  imp: { pmp: { deals: { id: string }[] } }[]
}

/** Both are to do the whole job, or the comparison says nothing. */
async function mustEnrich({ name, url, headers }: Contender, body: Buffer): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers, body })
  const { user, imp } = bidRequest.decode(
    Buffer.from(await answer.arrayBuffer()),
  ) as unknown as Enriched
  const hasDeal = imp.every(({ pmp }) => pmp.deals.some(({ id }) => id === DEAL.id))
  if (!hasDeal || !user.data?.length) throw new Error(`${name} does not enrich protobuf`)
}
