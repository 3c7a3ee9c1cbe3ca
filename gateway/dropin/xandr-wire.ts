import { Id, Kind } from '../../proto/bid-facts.ts'
import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionHead } from '../bid/decision-name.ts'
import type { DataFragment } from '../bid/make-fragment.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { segmentIds } from '../bid/segment-ids.ts'
import type { Wire } from '../bid/wire.ts'
import { SignalsReader } from './read-signals.ts'
import { SIGNALS_FORM } from './signals-form.ts'

/** Before the wire token: a key of scope `wire:xandr`, which opens nothing else. */
export const XANDR_PREFIX = '/xandr/'
/** How long Xandr waits for a data provider. */
const WINDOW_MS = 10
/** After the token: Xandr asks it, as the `ready_uri`, before it sends anything. */
const READY = '/ready'

/**
 * A real-time data provider of Xandr: a GET with macros in its query, answered with the codes of
 * segments, a line each; an empty line is nothing. The codes are those the contract knows the buyer's segments by.
 */
export const XANDR: Wire = {
  form: SIGNALS_FORM,
  gives: { segments: true, deals: false, ids: false, tokens: false },
  arrive,
  reply(bid) {
    if (bid.kept === READY) {
      bid.answer.send(200, TYPE, '1\n')
      return
    }
    bid.answer.send(200, decisionHead(bid, TYPE), codesOf(bid))
  },
  refuse: replyRefused,
}

const TYPE = ['content-type', 'text/plain; charset=utf-8'] as const

/** What a fragment comes to is the same for each of its answers. */
const texts = new WeakMap<DataFragment, string>()

function codesOf(bid: Bid): string {
  const { fragment } = bid.plan
  if (fragment === undefined) return '\n'
  let text = texts.get(fragment)
  if (text === undefined) {
    text = `${segmentIds(bid, { isPlain: true }).filter(isOneLine).join('\n')}\n`
    texts.set(fragment, text)
  }
  return text
}

function arrive(bid: Bid): BidRefusal | undefined {
  const { path, query } = bid.ask
  const isReady = path.endsWith(READY)
  const token = path.slice(XANDR_PREFIX.length, isReady ? -READY.length : undefined)
  const refusal = arriveAs(bid, token, query, 'wire:xandr')
  if (refusal !== undefined) return refusal
  bid.kept = isReady ? READY : undefined
  bid.deadlineMs = bid.arrivedMs + WINDOW_MS
  return reader.read(bid, isReady ? '' : query)
}

const reader = new SignalsReader({
  uid: ({ start, end }, { ids }) => ids.add(Id.buyeruid, Kind.text, start, end),
  ifa: ({ start, end }, { ids }) => ids.add(Id.ifa, Kind.text, start, end),
})

/** An id that would be two lines cannot be said here. */
function isOneLine(id: string): boolean {
  return !/[\r\n]/.test(id)
}
