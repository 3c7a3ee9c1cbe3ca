import type { DealBody } from '../../deal.ts'
import type { TallyField } from '../tally-field.ts'
import type { UsageTerms } from '../usage-terms.ts'
import type { UsageKey } from './usage-line.ts'

/** What counters are read with. */
export interface UsageLookups {
  terms: UsageTerms
  /** What a segment counts as where each category is paid once. */
  category(segment: string): string
  /** The audience of a deal as it is now. */
  audience(deal: string): DealBody['audience']
  /** People in each of these segments. */
  populations(segments: ReadonlySet<string>): Promise<ReadonlyMap<string, bigint>>
}

/** What a counter's field is a line of; its amount is in the price's currency where the field names none. */
export function keyOf(day: string, field: TallyField, terms: UsageTerms): UsageKey {
  const { contract, version, segment, deal, witness } = field
  const currency = field.currency || terms.contract(contract, version)?.price.currency || ''
  return { day, contract, version, segment, deal, witness, currency }
}
