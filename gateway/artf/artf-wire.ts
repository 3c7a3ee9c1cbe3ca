import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionHead } from '../bid/decision-name.ts'
import { inflate } from '../bid/inflate.ts'
import { JSON_FORM } from '../bid/json-form.ts'
import { dataObject } from '../bid/make-fragment.ts'
import { type BidRefusal, BidRefusals } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { EVERYTHING, type Wire } from '../bid/wire.ts'
import { timeoutMs } from '../grpc/timeout-ms.ts'
import { bearerOf } from '../http/bearer-of.ts'
import type { Ask } from '../http/door.ts'
import { PROTOBUF_FORM } from '../protobuf/protobuf-form.ts'
import { givesOf, type IntentSet, intentsFor } from './intents.ts'
import type { RtbResponse } from './mutation.ts'
import { mutationsOf } from './mutations-of.ts'
import { readRtbJson } from './read-rtb-json.ts'
import { type ReadRtbRequest, readRtbRequest } from './read-rtb-request.ts'
import { writeRtbResponse } from './write-rtb-response.ts'

/** Request headers both wires read, and where each stands in `ask.headers`. */
export const ARTF_WANTS = ['authorization', 'grpc-timeout'] as const
const [AUTHORIZATION, TIMEOUT, CODING] = [0, 1, 2] as const
/** In JSON, where no door has seen to the coding of the body. */
export const ARTF_JSON_WANTS = [...ARTF_WANTS, 'content-encoding'] as const

export interface ArtfOptions {
  /** Segments may be given with their provider: an intent that is proposed, and no standard yet. */
  mayNameProvider: boolean
}

/**
 * ARTF 1.0 in protobuf: `RTBExtensionPoint/GetMutations` over gRPC. What may be known of the person comes back as
 * mutations; none is a valid answer, and never an error.
 */
export function artfProtobuf(options: ArtfOptions): Wire {
  return {
    form: PROTOBUF_FORM,
    gives: EVERYTHING,
    arrive: (bid) => arrive(bid, ({ body }) => readRtbRequest(body), options),
    reply(bid) {
      const { wires = {} } = bid.holder?.partner ?? {}
      bid.answer.send(200, decisionHead(bid, PROTOBUF), writeRtbResponse(responseOf(bid), wires))
    },
    refuse(bid, refusal) {
      const { status, says } = BidRefusals[refusal]
      bid.answer.send(status, ['x-passerelle-reason', refusal], says)
    },
  }
}

/** The same in JSON: `POST /artf/mutations`, and behind the MCP tool. */
export function artfJson(options: ArtfOptions): Wire {
  return {
    form: JSON_FORM,
    gives: EVERYTHING,
    arrive: (bid) => arrive(bid, readPlain, options),
    reply: (bid) => bid.answer.send(200, decisionHead(bid, JSON_TYPE), jsonOf(responseOf(bid))),
    refuse: replyRefused,
  }
}

const PROTOBUF = ['content-type', 'application/x-protobuf'] as const
const JSON_TYPE = ['content-type', 'application/json'] as const

/** What is kept of an RTBRequest until it is answered. */
interface Kept {
  id: string
  intents: IntentSet
}

type Read = ReadRtbRequest | BidRefusal | undefined

function readPlain({ body, headers, query }: Ask): Read {
  const bytes = inflate(body, headers[CODING]!, query)
  return typeof bytes === 'string' ? bytes : readRtbJson(bytes)
}

function arrive(
  bid: Bid,
  readIn: (ask: Ask) => Read,
  { mayNameProvider }: ArtfOptions,
): BidRefusal | undefined {
  const { headers } = bid.ask
  const refusal = arriveAs(bid, bearerOf(headers[AUTHORIZATION]!), bid.ask.query)
  if (refusal !== undefined) return refusal
  const read = readIn(bid.ask)
  if (read === undefined) return bid.wire.form.malformed
  if (typeof read === 'string') return read
  if (read.bidRequest === undefined) return 'no_bid_request'
  const intents = intentsFor(read.intents, mayNameProvider)
  const waitsMs = timeoutMs(headers[TIMEOUT]!)
  bid.bytes = read.bidRequest
  bid.kept = { id: read.id, intents } satisfies Kept
  bid.gives = givesOf(intents)
  bid.deadlineMs = bid.arrivedMs + Math.min(waitsMs, read.tmaxMs || Number.POSITIVE_INFINITY)
  return bid.rooms.clock.elapsed() < bid.arrivedMs + waitsMs ? undefined : 'deadline'
}

function responseOf(bid: Bid): RtbResponse {
  const { id, intents } = bid.kept as Kept
  const version = bid.catalog?.version
  return {
    id,
    mutations: mutationsOf(bid, intents),
    metadata: { api_version: '1.0', model_version: version === undefined ? '' : String(version) },
  }
}

function jsonOf(response: RtbResponse): string {
  return JSON.stringify(response, (key, value) =>
    key === 'data_segments' ? { data: value.data.map((one: never) => dataObject(one)) } : value,
  )
}
