import type { Problem } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractBody, ContractRecord } from '../contract.ts'
import type { DealRecord } from '../deal.ts'
import { LIMITS } from '../limits.ts'
import { momentOf } from '../moment.ts'
import type { PartnerRecord } from '../partner.ts'
import { isBinding } from './check-exclusive.ts'
import { refuseAll } from './write-record.ts'

/**
 * A first-party segment is sold to an advertiser's seat, never to a whole platform: a
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

/**
 * Refuses (`conflict`) to write, or to delete (null), what keeps contracts in force to seats: without it they would
 * give first-party segments to a whole platform. Names those contracts.
 */
export function refuseUnseating(
  snapshot: CatalogSnapshot,
  change: { kind: string; id: string; value: unknown },
  { field, nowMs }: { field: string; nowMs: number },
): void {
  const { version } = snapshot
  const after = snapshot.with({ version, records: [{ ...change, version }] })
  const opened: Problem[] = []
  for (const { id, value } of snapshot.kind('contract').values()) {
    const contract = value as ContractRecord
    if (!isBinding(contract) || momentOf(contract.endsAt, contract.timeZone) <= nowMs) continue
    if (seatProblems(contract, after).length === 0 || seatProblems(contract, snapshot).length > 0)
      continue
    const reason = `contract ${id} would give first-party segments to all of ${contract.buyer}: name its seats first`
    if (opened.length < LIMITS.namedMax) opened.push({ field, reason })
  }
  refuseAll('conflict', opened)
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
