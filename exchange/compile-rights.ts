import { cheapestContract } from './cheapest-contract.ts'
import { type CompiledContract, type Contracts, isLive } from './compile-contracts.ts'
import type { Partners } from './compile-partners.ts'
import type { CompiledSegment, Segments } from './compile-segments.ts'
import { Period } from './period.ts'

/** The parts of a compiled catalog from which rights follow. */
export interface Parts {
  readonly partners: Partners
  readonly segments: Segments
  readonly contracts: Contracts
}

/** When and where a right is asked for. */
export interface RightsAt {
  readonly nowMs: number
  /** Lists of regions that cover the country asked for. */
  readonly covered: ReadonlySet<string>
}

/** Other owners' segments a partner may have in bids now, each with the contract it is under. */
export interface Rights {
  readonly bySegment: ReadonlyMap<string, { segment: CompiledSegment; contract: CompiledContract }>
  readonly period: Period
}

/**
 * The shared segments of one buyer: under a live contract for `bid_enrichment`, both sides active,
 * and the seller the segment's owner. It touches that buyer's contracts and nobody else's.
 */
export function compileRights(parts: Parts, buyer: string, at: RightsAt): Rights {
  const period = new Period(at.nowMs)
  const candidates = new Map<string, CompiledContract[]>()
  if (parts.partners.byId.get(buyer)?.active)
    for (const contract of parts.contracts.byBuyer.get(buyer) ?? []) {
      period.include(contract.startsMs, contract.endsMs)
      if (!parts.partners.byId.get(contract.record.seller)?.active) continue
      if (isLive(contract, 'bid_enrichment', at)) gather(candidates, contract)
    }
  const bySegment = new Map<string, { segment: CompiledSegment; contract: CompiledContract }>()
  for (const [id, contracts] of candidates) {
    const segment = parts.segments.byId.get(id)
    const selling = contracts.filter(({ record }) => record.seller === segment?.owner)
    if (segment && selling.length > 0)
      bySegment.set(id, { segment, contract: cheapestContract(selling) })
  }
  return { bySegment, period }
}

function gather(candidates: Map<string, CompiledContract[]>, contract: CompiledContract): void {
  for (const id of contract.record.segments) {
    const others = candidates.get(id)
    if (others) others.push(contract)
    else candidates.set(id, [contract])
  }
}
