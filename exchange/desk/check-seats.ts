import type { Problem } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractBody } from '../contract.ts'
import type { DealRecord } from '../deal.ts'
import type { PartnerRecord } from '../partner.ts'

/**
 * A first-party segment is sold to an advertiser's seat, never to a whole platform (API.md, "contracts"): a
 * contract with a DSP names `seats`, or the segment goes under an id in `externalIds`, which the platform
 * gave to one seat and no other seat can aim at, or it is sold through a deal with `wseat`. An external
 * id keeps nothing to its seat where the segment's node is written beside it.
 */
export function seatProblems(body: ContractBody, snapshot: CatalogSnapshot): Problem[] {
  const buyer = snapshot.kind('partner').get(body.buyer)?.value as PartnerRecord | undefined
  if (!buyer?.roles.includes('dsp') || body.seats?.length) return []
  const own = body.segments.filter((id) => isFirstParty(snapshot, id) && !isSeatOwned(body, id))
  if (own.length === 0) return []
  const dealt = inSeatDeals(body, snapshot)
  const open = own.filter((id) => !dealt.has(id))
  if (open.length === 0) return []
  const more = open.length > 1 ? ` and ${open.length - 1} more` : ''
  const reason = `${open[0]}${more} is first-party: name seats, an id of a seat's own in externalIds, or make a deal with wseat`
  return [{ field: 'seats', reason }]
}

function isFirstParty(snapshot: CatalogSnapshot, id: string): boolean {
  const segment = snapshot.kind('segment').get(id)?.value as Segment | undefined
  return segment?.provenance === 'first_party'
}

function isSeatOwned({ externalIds = {}, writeAs = 'own' }: ContractBody, id: string): boolean {
  return writeAs === 'own' && Object.hasOwn(externalIds, id)
}

/** Segments without which some deal of the seller, open to this buyer and bound to seats, cannot hold. */
function inSeatDeals({ seller, buyer }: ContractBody, snapshot: CatalogSnapshot): Set<string> {
  const segments = new Set<string>()
  for (const { value } of snapshot.kind('deal').values()) {
    const { audience, buyers = [], wseat = [], ...deal } = value as DealRecord
    if (deal.seller !== seller || wseat.length === 0) continue
    if (buyers.length > 0 && !buyers.includes(buyer)) continue
    for (const id of [...(audience?.any ?? []), ...(audience?.all ?? [])]) segments.add(id)
  }
  return segments
}
