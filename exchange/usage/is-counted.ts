import type { ContractRecord } from '../contract.ts'

/**
 * Whether we see what is used under a contract: in bids, its segments and the ids it lets us tell. Of any other use only
 * the buyer can say how much there was.
 */
export function isCounted({ uses }: Pick<ContractRecord, 'uses'>): boolean {
  return uses.includes('bid_enrichment') || uses.includes('identity')
}
