import { COUNTRY_ABSENT, COUNTRY_OTHER, countryIn } from '../../audience/countries.ts'
import { type BidFacts, Kind, Signal } from '../../proto/bid-facts.ts'
import { textBytes } from '../../proto/text.ts'
import type { Bid } from './bid.ts'
import { entitleAnybody, entitlePerson } from './entitle.ts'
import { entitleIds } from './entitle-ids.ts'

/**
 * Chooses what this buyer may be given: of the person where it is known and allowed, and deals that
 * ask for no audience in any case. By the catalog of this moment: what was revoked while the request
 * waited is gone. What is under a contract is given only while it can be confirmed and accounted for.
 */
export function choose(bid: Bid): void {
  const { holder, rooms } = bid
  const catalog = rooms.exchange.catalog()
  if (holder === undefined || catalog === undefined) return
  const { number } = holder.partner
  if (catalog !== bid.catalog && !catalog.partnerByNumber(number)?.active) return
  const country = countryOf(bid.facts)
  const sharing = rooms.exchange.confirmed() ? rooms.usage.sharing() : 'nothing'
  const view = catalog.viewFor(number, country, bid.atMs, sharing)
  bid.view = view
  entitleAnybody(bid, view)
  if (bid.reason === '' && !rooms.egress.isOpen()) bid.reason = 'unaccounted'
  if (bid.reason !== '') return
  entitlePerson(bid, view)
  if (bid.person.names.isWanted) entitleIds(bid, view, catalog.told)
}

/** device.geo.country; where it stands twice and differs, a country no contract names. */
function countryOf({ signals, bytes }: BidFacts): number {
  let country = COUNTRY_ABSENT
  for (let i = 0; i < signals.count; i++) {
    if (signals.field[i] !== Signal.deviceCountry) continue
    const here = countryAt(bytes, signals.kind[i]!, signals.start[i]!, signals.end[i]!)
    country = country === COUNTRY_ABSENT || country === here ? here : COUNTRY_OTHER
  }
  return country
}

function countryAt(bytes: Uint8Array, kind: number, start: number, end: number): number {
  if (kind !== Kind.text && kind !== Kind.escapedText) return COUNTRY_OTHER
  const text = textBytes(bytes, kind, start, end)
  return countryIn(text.bytes, text.start, text.end)
}
