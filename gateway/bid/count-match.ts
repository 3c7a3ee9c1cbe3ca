import { type BrowserNumber, browserIn } from '../../exchange/matchrates/browser-class.ts'
import { Inventory } from '../../proto/bid-facts.ts'
import type { Bid } from './bid.ts'

/**
 * Counts for match rates whether the person was found, and by what. Requests where consent forbids the lookup, the
 * person is to be left alone or the store was late say nothing of matches; tests are nobody's, and
 * what a page asks of its own visitor is no bid request.
 */
export function countMatch(bid: Bid): void {
  if (bid.isTest || bid.isBrowser || !SAYS[bid.reason]) return
  const { candidates, person } = bid
  const foundBy = bid.reason === '' ? person.foundBy : -1
  bid.rooms.matchCounts.bid(bid.holder!.partner.number, browserClassOf(bid), candidates, foundBy)
}

/** Reasons, once the person was looked for, under which a request counts. */
const SAYS: Readonly<Record<string, true>> = { '': true, stranger: true, no_ids: true }

function browserClassOf({ facts }: Bid): BrowserNumber {
  const start = facts.inventoryStart[Inventory.userAgent]!
  if (start < 0) return 0
  return browserIn(facts.bytes, start, facts.inventoryEnd[Inventory.userAgent]!)
}
