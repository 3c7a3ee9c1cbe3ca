import { MessageEdits } from '../gateway/protobuf/message-edits.ts'
import { BidFacts } from '../proto/bid-facts.ts'
import { messageField } from '../proto/message-fields.ts'
import { PROTOBUF_FACTS } from '../proto/protobuf-facts.ts'
import { RequestPlaces } from '../proto/request-places.ts'
import { ScanOutcome } from '../proto/scan-outcome.ts'
import { scanProtobuf } from '../proto/scan-protobuf.ts'
import { atLeast, type Figure, told } from './figures.ts'
import { bidRequest, inProtobuf } from './openrtb-message.ts'
import { answerIfAsked, inOwnProcess } from './own-process.ts'
import { DEAL, makeWorkload, PROVIDERS, SEGMENTS } from './workload.ts'

const MESSAGES = 1_000
const PASSES = 10
const WARM_ROUNDS = 3
const ROUNDS = 15
const SEGMENTS_EACH = 3
// Fields of BidRequest.User, Imp and Pmp.
const [DATA, PMP, DEALS] = [8, 11, 2]

interface Cost {
  /** CPU microseconds a message. */
  spliced: number
  decoded: number
}

/** What a message of protobuf costs by itself, without a door: read and added to by us, and by protobufjs. */
export async function codecFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  protobuf in process')
  const { rounds, bytes } = await inOwnProcess<{ rounds: Cost[]; bytes: number }>(import.meta.url)
  const middle = (of: (one: Cost) => number) =>
    rounds.map(of).sort((a, b) => a - b)[rounds.length >> 1]!
  const what = `of ${bytes} bytes, in process, by turns, with segments and a deal that are made ahead`
  return [
    atLeast(
      `a message decoded, added to and encoded by protobufjs ÷ read and rewritten by us (${what})`,
      5,
      middle(({ spliced, decoded }) => decoded / spliced),
    ),
    told(
      'reading and rewriting it, CPU a message',
      middle(({ spliced }) => spliced),
      ' µs',
    ),
  ]
}

const data = PROVIDERS.map(({ id, domain }, i) => ({
  id,
  name: domain,
  segment: SEGMENTS.slice(i * SEGMENTS_EACH, (i + 1) * SEGMENTS_EACH).map((one) => ({
    id: one.id,
  })),
}))

interface Request {
  user: { data?: object[] }
  imp: { pmp?: { deals?: object[] } }[]
}

function decodeAddEncode(bytes: Uint8Array): Uint8Array {
  const request = bidRequest.decode(bytes) as unknown as Request
  request.user.data = [...(request.user.data ?? []), ...data]
  for (const imp of request.imp) {
    imp.pmp ??= {}
    imp.pmp.deals = [...(imp.pmp.deals ?? []), DEAL]
  }
  return bidRequest.encode(request as never).finish()
}

/** The fields that are added, as the product has them ready. */
function readyFields(): { user: Buffer; deals: Buffer } {
  const lookup = (name: string) => bidRequest.root.lookupType(name)
  const [dataType, dealType] = [lookup('Data'), lookup('Deal')]
  const user = data.map((one) => messageField(DATA, dataType.encode(one as never).finish()))
  return {
    user: Buffer.concat(user),
    deals: messageField(DEALS, dealType.encode(DEAL as never).finish()),
  }
}

const { user, deals } = readyFields()
const facts = new BidFacts(PROTOBUF_FACTS)
const places = new RequestPlaces()
const edits = new MessageEdits()
const out = Buffer.alloc(1 << 20)

/** As in gateway/protobuf/enrich-protobuf.ts. */
function scanSplice(bytes: Uint8Array): Uint8Array {
  if (scanProtobuf(bytes, facts, places) !== ScanOutcome.ok) throw new Error('it cannot be read')
  edits.reset()
  edits.append(bytes, user, places.user)
  for (let i = 0; i < places.impCount; i++) {
    const { self, pmp } = places.imps[i]!
    if (pmp.count > 0) edits.append(bytes, deals, pmp, self)
    else edits.append(bytes, messageField(PMP, deals), self)
  }
  return out.subarray(0, edits.compose(bytes, out))
}

function measure(): { rounds: Cost[]; bytes: number } {
  const messages = makeWorkload(MESSAGES).requests.map(inProtobuf)
  for (const one of messages) mustBeEqual(one)
  const cost = (work: (bytes: Uint8Array) => Uint8Array) => {
    const before = process.cpuUsage()
    for (let i = 0; i < PASSES; i++) for (const one of messages) work(one)
    const { user: own, system } = process.cpuUsage(before)
    return (own + system) / (PASSES * messages.length)
  }
  const rounds: Cost[] = []
  for (let i = 0; i < WARM_ROUNDS + ROUNDS; i++)
    rounds.push({ spliced: cost(scanSplice), decoded: cost(decodeAddEncode) })
  const bytes = messages.reduce((sum, one) => sum + one.length, 0) / messages.length
  return { rounds: rounds.slice(WARM_ROUNDS), bytes: Math.round(bytes) }
}

/** Both are to do the whole job, or the comparison says nothing. */
function mustBeEqual(bytes: Uint8Array): void {
  const told = (answer: Uint8Array) => JSON.stringify(bidRequest.decode(answer).toJSON())
  if (told(scanSplice(bytes)) !== told(decodeAddEncode(bytes))) throw new Error('answers differ')
}

await answerIfAsked(import.meta.url, measure)
