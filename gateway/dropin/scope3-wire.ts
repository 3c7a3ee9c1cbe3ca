import { joinedObjects } from '../../proto/joined-objects.ts'
import { eachMember } from '../../proto/members.ts'
import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionHeader } from '../bid/decision-name.ts'
import { inflate } from '../bid/inflate.ts'
import { JSON_FORM } from '../bid/json-form.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { segmentIds } from '../bid/segment-ids.ts'
import type { Wire } from '../bid/wire.ts'
import { corsFor, PRIVATE, readableFor } from '../edge/answers.ts'

/** Request headers it reads, and where each stands. */
export const SCOPE3_WANTS = ['x-scope3-auth', 'origin', 'content-encoding'] as const
export const ORIGIN = 1
const [AUTH, CODING] = [0, 2] as const
const OPEN_BRACE = 0x7b

/** What is kept of the request until it is answered. */
interface Kept {
  /** The module of a page asks: `bidders` is an object; Prebid Server's module reads an array. */
  isPage: boolean
}

/**
 * What the modules `scope3` of Prebid ask: Prebid Server Go sends a bid request, Prebid.js the
 * request's `ortb2` with more around it. Segments come as targeting (`include`), and with deals for the one bidder
 * who asks: the partner of the key.
 */
export const SCOPE3: Wire = {
  form: JSON_FORM,
  gives: { segments: true, deals: true, ids: false, tokens: false },
  arrive,
  reply(bid) {
    const include = segmentIds(bid, { isPlain: bid.holder?.partner.wires.plainSegmentIds ?? false })
    const deals = [...new Set(bid.plan.placed.map(({ deal }) => deal.wireId))]
    const own = bid.plan.isEmpty ? {} : { [bid.holder!.partner.id]: { segments: include, deals } }
    const { isPage } = bid.kept as Kept
    const bidders = isPage ? own : bid.plan.isEmpty ? [] : [own]
    const told = { aee_signals: { include, exclude: [], bidders } }
    const reason = bid.reason === '' ? [] : ['x-passerelle-reason', bid.reason]
    const type = ['content-type', 'application/json', ...decisionHeader(bid), ...reason]
    bid.answer.send(200, [...headersOf(bid), ...type], JSON.stringify(told))
  },
  refuse: (bid, refusal) => replyRefused(bid, refusal, readableFor(bid.ask.headers[ORIGIN]!)),
}

function headersOf({ ask }: Bid): string[] {
  return [...PRIVATE, ...corsFor(ask.headers[ORIGIN]!)]
}

function arrive(bid: Bid): BidRefusal | undefined {
  const { headers, query, body } = bid.ask
  bid.kept = { isPage: false } satisfies Kept
  const refusal = arriveAs(bid, headers[AUTH]!, query)
  if (refusal !== undefined) return refusal
  const bytes = inflate(body, headers[CODING]!, query)
  if (typeof bytes === 'string') return bytes
  const ortb2 = ortb2In(bytes)
  if (ortb2 !== undefined) bid.kept = { isPage: true } satisfies Kept
  bid.bytes = ortb2 ?? bytes
  return undefined
}

/** The bid request in what a page sends, given the id that it lacks; its own bytes, so that nothing of it is read twice. */
function ortb2In(bytes: Uint8Array): Uint8Array | undefined {
  if (!isJsonObject(bytes)) return undefined
  const found: Uint8Array[] = []
  eachMember(bytes, bytes.indexOf(OPEN_BRACE), (key, from, to) => {
    if (key === 'ortb2' && bytes[from] === OPEN_BRACE) found.push(bytes.subarray(from, to))
  })
  return found.length === 0 ? undefined : joinedObjects([OWN_ID, ...found])
}

const OWN_ID = Buffer.from('{"id":"1"}')

function isJsonObject(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
