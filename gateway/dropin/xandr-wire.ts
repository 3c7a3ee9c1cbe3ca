import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionHeader } from '../bid/decision-name.ts'
import { JSON_FORM } from '../bid/json-form.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { segmentIds } from '../bid/segment-ids.ts'
import type { Wire } from '../bid/wire.ts'
import { Query } from '../edge/query.ts'
import { given, signalsRequest } from './signals-request.ts'

/** Before the wire token: a key of scope `wire:xandr`, which opens nothing else. */
export const XANDR_PREFIX = '/xandr/'
/** How long Xandr waits for a data provider. */
const WINDOW_MS = 10
/** After the token: Xandr asks it, as the `ready_uri`, before it sends anything. */
const READY = '/ready'

/**
 * A real-time data provider of Xandr (openrtb.md §4.6): a GET with macros in its query, answered with the codes of
 * segments, a line each; an empty line is nothing. The codes are those the contract knows the buyer's segments by.
 */
export const XANDR: Wire = {
  form: JSON_FORM,
  gives: { segments: true, deals: false, ids: false, tokens: false },
  arrive,
  reply(bid) {
    const codes = bid.kept === READY ? ['1'] : segmentIds(bid, { isPlain: true }).filter(isOneLine)
    const headers = ['content-type', 'text/plain; charset=utf-8']
    if (bid.kept !== READY) headers.push(...decisionHeader(bid))
    if (bid.reason !== '' && bid.kept !== READY) headers.push('x-passerelle-reason', bid.reason)
    bid.answer.send(200, headers, `${codes.join('\n')}\n`)
  },
  refuse: replyRefused,
}

function arrive(bid: Bid): BidRefusal | undefined {
  const { path, query } = bid.ask
  const isReady = path.endsWith(READY)
  const token = path.slice(XANDR_PREFIX.length, isReady ? -READY.length : undefined)
  const refusal = arriveAs(bid, token, query, 'wire:xandr')
  if (refusal !== undefined) return refusal
  const asked = new Query(query)
  const named = isReady ? {} : { buyeruid: given(asked, 'uid'), ifa: given(asked, 'ifa') }
  bid.bytes = signalsRequest(asked, named)
  bid.kept = isReady ? READY : undefined
  bid.deadlineMs = bid.arrivedMs + WINDOW_MS
  return undefined
}

/** An id that would be two lines cannot be said here. */
function isOneLine(id: string): boolean {
  return !/[\r\n]/.test(id)
}
