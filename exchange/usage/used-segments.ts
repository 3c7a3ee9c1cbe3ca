import type { ContractRecord } from '../contract.ts'
import type { CarriedContract } from './ledger-record.ts'
import type { UsageTerms } from './usage-terms.ts'

/**
 * Which carried segments a notice says were used: it names them as they were written into the request,
 * with or without the provider before a colon. Nothing declared: all. What made a deal's audience true was
 * not written into the request, so a notice about the deal is about all of it.
 */
export function usedSegments(
  { segments, deal }: CarriedContract,
  {
    contract,
    used,
    terms,
  }: { contract: ContractRecord; used: readonly string[] | undefined; terms: UsageTerms },
): string[] {
  if (used === undefined || deal !== undefined) return segments
  const said = new Set(used)
  const isSaid = (id: string) => said.has(id) || said.has(`${contract.seller}:${id}`)
  return segments.filter((segment) => writtenIds(segment, contract, terms).some(isSaid))
}

/** Under which ids a segment stands in a request (a contract's `writeAs`). */
export function writtenIds(segment: string, contract: ContractRecord, terms: UsageTerms): string[] {
  const { writeAs, externalIds } = contract
  const node = terms.segment(segment)?.taxonomy?.id
  return [
    ...(writeAs === 'taxonomy' ? [] : [externalIds?.[segment] ?? segment]),
    ...(writeAs !== 'own' && node !== undefined ? [node] : []),
  ]
}
