import type { Measure, TallyField } from '../tally-field.ts'
import type { UsageTerms } from '../usage-terms.ts'

/** What was told under terms nobody knew then is counted by what they are known to be now. */
export function countedAs(
  { measure, contract, version }: Pick<TallyField, 'measure' | 'contract' | 'version'>,
  terms: UsageTerms,
): (Exclude<Measure, 'unknownWon' | 'unknownBilled'> | 'unknown')[] {
  if (measure !== 'unknownWon' && measure !== 'unknownBilled') return [measure]
  const known = terms.contract(contract, version)
  if (!known) return ['unknown']
  if (measure === 'unknownWon' && known.billOn === 'billable') return []
  return known.price.kind === 'percent_media' ? ['units', 'unpriced'] : ['units']
}
