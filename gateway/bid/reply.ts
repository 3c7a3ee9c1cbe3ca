import { keptHeaders } from '../http/kept-headers.ts'
import { additionsJson } from './additions-json.ts'
import { ACCEPT_ENCODING, CONTENT_TYPE, VERSION } from './arrive.ts'
import type { Bid } from './bid.ts'
import { decisionHeader } from './decision-name.ts'
import { deflate } from './inflate.ts'
import { BID_LIMITS } from './limits.ts'
import { placeAdditions } from './place-additions.ts'
import { type BidRefusal, BidRefusals } from './reasons.ts'
import { Step } from './step-clock.ts'
import { withTrace } from './trace.ts'

const OWN_VERSION = '2.6'
const NOTHING = new Uint8Array(0)

/** Turns a request away: empty body, one word why (OpenRTB 2.6 §2.4: 400 with no content). `more`: headers on top. */
export function replyRefused(bid: Bid, refusal: BidRefusal, more: readonly string[] = []): void {
  const { status } = BidRefusals[refusal]
  const headers = [...more, 'x-passerelle-reason', refusal]
  if (status === 401) headers.push('www-authenticate', 'Bearer')
  if (status === 429) headers.push('retry-after', String(BID_LIMITS.retryAfterS))
  bid.answer.send(status, headers, NOTHING)
}

/** How enriched requests of one form are written. */
export interface EnrichForm {
  /** Works out where each addition goes; empties the plan where together they would make the answer too long. */
  place(bid: Bid): void
  /** The request with its additions. Valid until the next one. */
  enriched(bid: Bid): Uint8Array
  /** The additions alone, shaped like the request they belong to (`Prefer: return=additions`). */
  additions(bid: Bid): Uint8Array
  /** An answer with its trace; absent where the form has no place for one. */
  traced?(bid: Bid, answer: Uint8Array): Uint8Array
}

/** Sends what the plan comes to: the enriched request, the additions alone, or the same bytes. */
export function replyIn(form: EnrichForm): (bid: Bid) => void {
  return (bid) => {
    form.place(bid)
    if (bid.isTraced && form.traced) replyTraced(bid, form)
    else if (bid.plan.isEmpty) replyUnchanged(bid)
    else replyEnriched(bid, form)
  }
}

/** In JSON. */
export const reply = replyIn({
  place: placeAdditions,
  enriched: ({ edits, bytes }) => out.subarray(0, edits.compose(bytes, out)),
  additions: ({ plan, bytes }) => additionsJson(plan, bytes),
  traced: withTrace,
})

function replyEnriched(bid: Bid, form: EnrichForm): void {
  const body = wantedBody(bid, form)
  bid.steps.end(Step.splice)
  send(bid, headOf(bid), body)
}

/** The very same bytes, or 204 where the caller asked for less; a header says why nothing was added. */
function replyUnchanged(bid: Bid): void {
  if (bid.prefer.returns === 'request')
    send(bid, [...headOf(bid), 'x-passerelle-reason', bid.reason], bid.bytes)
  else
    bid.answer.send(204, [
      ...['x-openrtb-version', versionOf(bid), 'x-passerelle-reason', bid.reason],
      ...(bid.isTraced ? decisionHeader(bid) : []),
    ])
}

/** Traced answers are made the slow way: they are for people. */
function replyTraced(bid: Bid, form: EnrichForm): void {
  const body = wantedBody(bid, form)
  bid.steps.end(Step.splice)
  const reason = bid.plan.isEmpty ? ['x-passerelle-reason', bid.reason] : []
  send(bid, [...headOf(bid), ...reason], form.traced!(bid, body))
}

function wantedBody(bid: Bid, form: EnrichForm): Uint8Array {
  return bid.prefer.returns === 'additions' ? form.additions(bid) : form.enriched(bid)
}

/** Answers are sent before the next one is made, so that one page serves them all. */
const out = Buffer.alloc(BID_LIMITS.bodyBytesMax + BID_LIMITS.additionsBytesMax)

function send(bid: Bid, head: readonly string[], body: Uint8Array): void {
  const accepted = bid.ask.headers[ACCEPT_ENCODING]!
  const packed = accepted === '' ? undefined : deflate(body, accepted)
  if (packed === undefined) bid.answer.send(200, head, body)
  else bid.answer.send(200, [...head, 'content-encoding', 'gzip'], packed)
}

/** Most callers send the same two headers for ever: the head of their answers is made once. */
let lastType = ''
let lastVersion = ''
let lastHead: readonly string[] = []

function headOf(bid: Bid): readonly string[] {
  const type = bid.ask.headers[CONTENT_TYPE]! || 'application/json'
  const version = versionOf(bid)
  if (type !== lastType || version !== lastVersion) {
    lastHead = keptHeaders(['content-type', type, 'x-openrtb-version', version])
    lastType = type
    lastVersion = version
  }
  return bid.isTraced ? [...lastHead, ...decisionHeader(bid)] : lastHead
}

/** `2.6`; with the month of its release, `2.6-202409`, too. */
const VERSION_FORM = /^\d{1,2}\.\d{1,2}(-\d{6})?$/

/** The version the request says it is, where it reads like one. */
function versionOf(bid: Bid): string {
  const said = bid.ask.headers[VERSION]!
  return said !== '' && VERSION_FORM.test(said) ? said : OWN_VERSION
}
