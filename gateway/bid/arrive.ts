import type { ExchangeCatalog } from '../../exchange/exchange-catalog.ts'
import { bearerOf } from '../http/bearer-of.ts'
import type { Bid } from './bid.ts'
import { inflate } from './inflate.ts'
import { readPrefer } from './prefer.ts'
import type { BidRefusal } from './reasons.ts'
import { Step } from './step-clock.ts'

/** Request headers the bid route copies, and where each one stands in `ask.headers`. */
export const WANTS = [
  'authorization',
  'content-type',
  'content-encoding',
  'accept-encoding',
  'prefer',
  'x-openrtb-version',
] as const
export const AUTHORIZATION = 0
export const CONTENT_TYPE = 1
export const CONTENT_ENCODING = 2
export const ACCEPT_ENCODING = 3
export const PREFER = 4
export const VERSION = 5

/** Who asks, and with which bytes. */
export function arrive(bid: Bid): BidRefusal | undefined {
  const { headers, query, body } = bid.ask
  const refusal = arriveAs(bid, bearerOf(headers[AUTHORIZATION]!), query)
  if (refusal !== undefined) return refusal
  const bytes = inflate(body, headers[CONTENT_ENCODING]!, query)
  if (typeof bytes === 'string') return bytes
  bid.bytes = bytes
  bid.prefer = readPrefer(headers[PREFER]!)
  if (bid.isTraced) bid.steps.start(true, bid.arrivedMs)
  bid.steps.end(Step.arrive)
  return undefined
}

/**
 * Takes a request as the one of whose key it came with. Without a catalog nobody can be known: such a request is
 * answered with its own bytes (`starting`), its key unchecked.
 */
export function arriveAs(
  bid: Bid,
  key: string,
  query: string,
  scope = 'bid',
): BidRefusal | undefined {
  if (bid.rooms.overload.isBehind) return 'overload'
  if (bid.catalog === undefined) bid.reason = 'starting'
  else {
    bid.holder = bid.catalog.findKey(key, scope)
    if (bid.holder === undefined) return 'unauthorized'
    bid.exchange = exchangeOf(bid.holder.exchange, query, bid.catalog)
  }
  return undefined
}

/** Queries of other wires are long, and hardly one says it: only then it is worth parsing. */
const NAMES_EXCHANGE = /(?:^|&)(?:x|%78)=/

/** `?x=<partner id>` names the exchange a request came from; else the key's, else its partner's. */
function exchangeOf(byKey: number, query: string, catalog: ExchangeCatalog): number {
  if (!query.includes('x=') && !query.includes('%78=')) return byKey
  if (!NAMES_EXCHANGE.test(query)) return byKey
  const named = new URLSearchParams(query).get('x')
  return named === null ? byKey : (catalog.partner(named)?.number ?? 0)
}
