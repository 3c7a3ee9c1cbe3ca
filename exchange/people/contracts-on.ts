import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { type DormantReason, DormantReasons, whyDormant } from '../live-contracts.ts'

/** A contract on a segment, and whether it is in force. */
export interface ContractShown {
  contract: string
  buyer: string
  uses: string[]
  regions: string[]
  until: string
  /** Everything that keeps it from giving anything; empty where it is in force. */
  dormant: { reason: DormantReason; says: string }[]
}

/** Contracts on a segment, with one buyer where it is named. */
export function contractsOn(
  snapshot: CatalogSnapshot,
  { segment, buyer, nowMs }: { segment: string; buyer: string | undefined; nowMs: number },
): ContractShown[] {
  const shown: ContractShown[] = []
  for (const { id, value } of snapshot.kind('contract').values()) {
    const contract = value as ContractRecord
    if (!contract.segments.includes(segment)) continue
    if (buyer !== undefined && contract.buyer !== buyer) continue
    const reasons = whyDormant(snapshot, contract, nowMs)
    shown.push({
      ...{ contract: id, buyer: contract.buyer, uses: contract.uses, regions: contract.regions },
      until: contract.endsAt,
      dormant: reasons.map((reason) => ({ reason, says: DormantReasons[reason] })),
    })
  }
  return shown
}
