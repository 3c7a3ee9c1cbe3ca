import { additionsJson } from './additions-json.ts'
import { ACCEPT_ENCODING, CONTENT_TYPE, VERSION } from './arrive.ts'
import type { Bid } from './bid.ts'
import { deflate } from './inflate.ts'
import { BID_LIMITS } from './limits.ts'
import { placeAdditions } from './place-additions.ts'
import { type BidRefusal, BidRefusals } from './reasons.ts'
import { Step } from './step-clock.ts'
import { withTrace } from './trace.ts'

const OWN_VERSION = '2.6'
const NOTHING = new Uint8Array(0)

/** Turns a request away: empty body, one word why (OpenRTB 2.6 §2.4: 400 with no content). */
export function replyRefused(bid: Bid, refusal: BidRefusal): void {
  const { status } = BidRefusals[refusal]
  const headers = ['x-passerelle-reason', refusal]
  if (status === 401) headers.push('www-authenticate', 'Bearer')
  if (status === 429) headers.push('retry-after', String(BID_LIMITS.retryAfterS))
  bid.answer.send(status, headers, NOTHING)
}

/** Sends what the plan comes to: the enriched request, the additions alone, or the same bytes. */
export function reply(bid: Bid): void {
  placeAdditions(bid)
  if (bid.isTraced) replyTraced(bid)
  else if (bid.plan.isEmpty) replyUnchanged(bid)
  else replyEnriched(bid)
}

function replyEnriched(bid: Bid): void {
  const body = wantedBody(bid)
  bid.steps.end(Step.splice)
  send(bid, headOf(bid), body)
}

/** The very same bytes, or 204 where the caller asked for less; a header says why nothing was added. */
function replyUnchanged(bid: Bid): void {
  if (bid.prefer.returns === 'request')
    send(bid, [...headOf(bid), 'x-passerelle-reason', bid.reason], bid.bytes)
  else
    bid.answer.send(204, ['x-openrtb-version', versionOf(bid), 'x-passerelle-reason', bid.reason])
}

/** Traced answers are made the slow way: they are for people. */
function replyTraced(bid: Bid): void {
  const body = wantedBody(bid)
  bid.steps.end(Step.splice)
  const reason = bid.plan.isEmpty ? ['x-passerelle-reason', bid.reason] : []
  send(bid, [...headOf(bid), ...reason], withTrace(bid, body))
}

/** The request with its additions, or these alone. Valid until the next one. */
function wantedBody({ prefer, plan, edits, bytes }: Bid): Uint8Array {
  if (prefer.returns === 'additions') return additionsJson(plan, bytes)
  return out.subarray(0, edits.compose(bytes, out))
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
    lastHead = ['content-type', type, 'x-openrtb-version', version]
    lastType = type
    lastVersion = version
  }
  return lastHead
}

/** `2.6`; with the month of its release, `2.6-202409`, too. */
const VERSION_FORM = /^\d{1,2}\.\d{1,2}(-\d{6})?$/

/** The version the request says it is, where it reads like one. */
function versionOf(bid: Bid): string {
  const said = bid.ask.headers[VERSION]!
  return said !== '' && VERSION_FORM.test(said) ? said : OWN_VERSION
}
