import { AUGMENTOR_SCHEMA } from '../../proto/generated/augmentor-schema.ts'
import { MessageParts } from '../../proto/message-parts.ts'
import { MessageReader, WireType } from '../../proto/message-reader.ts'
import { messageCodec } from '../../proto/protobuf.ts'
import { BEESWAX_FIELDS } from '../../proto/protobuf-paths.ts'
import { scanProtobuf } from '../../proto/scan-protobuf.ts'
import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionHead, decisionHeader } from '../bid/decision-name.ts'
import { inflate } from '../bid/inflate.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { segmentIds } from '../bid/segment-ids.ts'
import type { RequestForm, Wire } from '../bid/wire.ts'
import { PROTOBUF_FORM } from '../protobuf/protobuf-form.ts'

/** Request headers it reads. */
export const AUGMENT_WANTS = ['beeswax-auth-secret', 'content-encoding'] as const
const [SECRET, CODING] = [0, 1] as const
/** How long Beeswax waits for an augmentor: it drops the request where no answer is there by then. */
const WINDOW_MS = 10
/** `bid_request` of AugmentorRequest (augmentor.proto). */
const BID_REQUEST = 1
const TYPE = ['content-type', 'application/x-protobuf'] as const

const response = messageCodec(AUGMENTOR_SCHEMA, 'passerelle.augmentor.AugmentorResponse')

/** OpenRTB under Beeswax' own numbers. */
const FORM: RequestForm = {
  ...PROTOBUF_FORM,
  scan: ({ bytes, facts, places }) => scanProtobuf(bytes, facts, places, BEESWAX_FIELDS),
}

/**
 * A data augmentor of Beeswax, now FreeWheel: protobuf both ways, 204 where there is nothing to say. An
 * answer that is no success costs Beeswax the request: where this process is behind it is nothing, too.
 */
export const AUGMENT: Wire = {
  form: FORM,
  gives: { segments: true, deals: false, ids: false, tokens: false },
  arrive,
  reply(bid) {
    const ids = segmentIds(bid, { isPlain: true })
    if (ids.length === 0) sendNothing(bid, bid.reason, decisionHeader(bid))
    else bid.answer.send(200, decisionHead(bid, TYPE), responseOf(ids))
  },
  refuse: (bid, refusal) =>
    refusal === 'overload' ? sendNothing(bid, refusal) : replyRefused(bid, refusal),
}

/** By the ids they are made of: equal choices have the very same list. */
const made = new WeakMap<readonly string[], Uint8Array>()

function responseOf(ids: readonly string[]): Uint8Array {
  let bytes = made.get(ids)
  if (bytes === undefined) {
    bytes = response.encode({ segments: ids.map((id) => ({ id })) })
    made.set(ids, bytes)
  }
  return bytes
}

function sendNothing(bid: Bid, reason: string, named: readonly string[] = []): void {
  bid.answer.send(204, reason === '' ? named : [...named, 'x-passerelle-reason', reason])
}

const reader = new MessageReader()
const parts = new MessageParts()

function arrive(bid: Bid): BidRefusal | undefined {
  const { headers, query } = bid.ask
  const refusal = arriveAs(bid, headers[SECRET]!, query)
  if (refusal !== undefined) return refusal
  const body = inflate(bid.ask.body, headers[CODING]!, query)
  if (typeof body === 'string') return body
  parts.begin()
  reader.begin(body, 0, body.length)
  while (reader.next()) {
    if (reader.field !== BID_REQUEST) continue
    if (reader.type !== WireType.bytes) return 'not_protobuf'
    parts.add(body.subarray(reader.start, reader.stop))
  }
  if (reader.failed) return 'not_protobuf'
  const request = parts.end()
  if (request === undefined) return 'no_bid_request'
  bid.bytes = request
  bid.deadlineMs = bid.arrivedMs + WINDOW_MS
  return undefined
}
