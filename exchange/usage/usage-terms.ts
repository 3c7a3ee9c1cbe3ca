import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { contractTerms } from './contract-terms.ts'

/** What usage is read with: the terms it was made under, and what its segments are. */
export interface UsageTerms {
  contract(id: string, version: number): ContractRecord | undefined
  segment(id: string): Pick<Segment, 'taxonomy'> | undefined
}

/** From the catalog. A contract's terms at a version never change; a fresher catalog knows more of them. */
export function usageTerms(snapshot: CatalogSnapshot): UsageTerms {
  return {
    contract: (id, version) => contractTerms(snapshot, id, version),
    segment: (id) => snapshot.kind('segment').get(id)?.value as Segment | undefined,
  }
}
