import { PAGE_SCOPE, type PageSettings } from '../../exchange/key.ts'
import { browserValue } from '../../exchange/sync/browser-cookie.ts'
import type { Sync } from '../../exchange/sync/sync.ts'
import { ScanOutcome } from '../../proto/scan-outcome.ts'
import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionName } from '../bid/decision-name.ts'
import { JSON_FORM } from '../bid/json-form.ts'
import { dataObject, type FragmentObject } from '../bid/make-fragment.ts'
import { objectsOf } from '../bid/place-json.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { transparencyEntry } from '../bid/transparency-json.ts'
import type { Wire } from '../bid/wire.ts'
import { corsFor, PRIVATE, readableFor } from '../edge/answers.ts'
import { browserOf, EDGE_WANTS, hasGpcHeader, originOf, userAgentOf } from '../edge/edge-room.ts'
import { isAllowedOrigin } from './is-allowed-origin.ts'
import { PagePace } from './page-pace.ts'
import { type PageAsk, pageRequest, readPageAsk } from './read-page-ask.ts'

/** Request headers it reads. */
export const PREBID_WANTS = EDGE_WANTS

/**
 * What our own module for Prebid.js asks (tag/prebid/): a page, for its visitor, with a key that everybody may read. So it
 * is told segments, and deals where the key names its bidders; no id ever, and nothing billed on notice, since any page
 * could send one. Whoever there is nothing to tell of is answered alike: `{}`, whether a stranger, opted out or unasked.
 */
export function prebidWire(sync: Sync): Wire {
  const pace = new PagePace()
  return {
    form: JSON_FORM,
    gives: { segments: true, deals: true, ids: false, tokens: false },
    arrive: (bid) => arrive(bid, sync, pace),
    reply(bid) {
      const headers = [...PRIVATE, ...corsFor(originOf(bid.ask))]
      bid.answer.send(200, [...headers, 'content-type', 'application/json'], told(bid))
    },
    // Of what it holds nothing is about the visitor.
    refuse: (bid, refusal) => replyRefused(bid, refusal, readableFor(originOf(bid.ask))),
  }
}

function arrive(bid: Bid, sync: Sync, pace: PagePace): BidRefusal | undefined {
  const ask = readPageAsk(bid.ask.body)
  if (ask === undefined) return 'not_json'
  // It is read by a parser that takes any depth, and a request is made of it: no page needs more than one may have.
  if (JSON_FORM.scan(bid) === ScanOutcome.tooDeep) return 'too_deep'
  const { key } = ask
  const refusal = arriveAs(bid, typeof key === 'string' ? key : '', '', PAGE_SCOPE)
  if (refusal !== undefined) return refusal
  const origin = originOf(bid.ask)
  if (bid.holder !== undefined) {
    const { keyId, page } = bid.holder
    if (!isAllowedOrigin(origin, page!.origins)) return 'origin_not_allowed'
    if (!pace.take(keyId, page!, bid.arrivedMs)) return 'too_often'
    bid.gives = page!.bidders === undefined ? SEGMENTS_ALONE : bid.wire.gives
  }
  bid.bytes = requestOf(bid, ask, sync)
  return undefined
}

/** Deals are one exchange's: without a bidder of its own there is nobody to hand them to. */
const SEGMENTS_ALONE = { segments: true, deals: false, ids: false, tokens: false }

function requestOf(bid: Bid, ask: PageAsk, sync: Sync): Buffer {
  const rooms = sync.rooms()
  const browser = rooms && browserOf({ sync }, rooms, bid.ask)
  if (browser?.kind === 'opted_out') bid.reason = 'opted_out'
  bid.isBrowser = true
  return pageRequest(ask, {
    browser: browser?.kind === 'returning' ? browserValue(browser.cookie.id) : undefined,
    origin: originOf(bid.ask),
    userAgent: userAgentOf(bid.ask),
    gpc: hasGpcHeader(bid.ask),
  })
}

function told(bid: Bid): string {
  const { plan, holder, rooms, selection } = bid
  if (plan.isEmpty) return '{}'
  const { bidders } = holder!.page as PageSettings
  const data = (plan.fragment?.objects ?? []).map((one) => ownObject(one, rooms.domain))
  const deals = `[${objectsOf(plan.placed)}]`
  // Named where something of the person is told, and never else: a name says what was chosen, given or not.
  const isAboutPerson =
    plan.fragment !== undefined ||
    plan.placed.some(({ deal }) => selection.personDeals.includes(deal))
  const decision = isAboutPerson ? decisionName(bid) : undefined
  const transparency = plan.transparency?.map(transparencyEntry)
  const rest = JSON.stringify({ bidders, transparency, decision })
  return `{"data":${JSON.stringify(data)},"deals":${deals},${rest.slice(1)}`
}

/** A Data object as other wires write it, but under our own name: a page's bidders know us, and by `ext` whose it is. */
function ownObject(object: FragmentObject, name: string): object {
  const { id, segment, ext } = dataObject(object)
  return { id, name, segment, ext: { ...ext, provider: object.group.provider.domain } }
}
