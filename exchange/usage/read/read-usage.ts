import { refuse } from '../../../audience/refusal.ts'
import type { Tally } from '../../../audience/store/store.ts'
import { LIMITS } from '../../limits.ts'
import { decodeField, type Measure, type TallyField } from '../tally-field.ts'
import type { UsageTerms } from '../usage-terms.ts'
import { SetSplitter } from './split-sets.ts'
import { emptyLine, keyText, type UsageKey, type UsageLine } from './usage-line.ts'
import { keyOf, type UsageLookups } from './usage-lookups.ts'

export interface ReadOptions extends UsageLookups {
  /** Which lines the reader asks for. */
  wants(what: Pick<UsageKey, 'contract' | 'version' | 'segment'>): boolean
}

/**
 * Counters as lines, in order. Where several segments were used for one impression and the contract's
 * `attribution` bills not all of them in full, each has what falls to it, in whole units a day. Throws
 * Refused (`unprocessable`) where there are more lines than a process should hold.
 */
export async function readUsage(
  tallies: AsyncIterable<Tally>,
  options: ReadOptions,
): Promise<UsageLine[]> {
  const { terms, wants } = options
  const lines = new Map<string, UsageLine>()
  const lineOf = (key: UsageKey): UsageLine => {
    const text = keyText(key)
    const known = lines.get(text)
    if (known) return known
    if (lines.size === LIMITS.usageLinesMax)
      throw refuse(
        'unprocessable',
        '',
        'there is too much of it: ask for less, such as one contract',
      )
    const line = emptyLine(key)
    lines.set(text, line)
    return line
  }
  const sets = new SetSplitter(options)
  for await (const { day, field: name, value } of tallies) {
    const field = decodeField(name)
    if (!field) continue
    if (field.set !== '') sets.take(day, field, value)
    else if (wants(field)) {
      const line = lineOf(keyOf(day, field, terms))
      for (const counted of countedAs(field, terms)) line[counted] += value
    }
  }
  for (const { key, counted, value } of await sets.split())
    if (wants(key)) lineOf(key)[counted] += value
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
}

/** What was told under terms nobody knew then is counted by what they are known to be now. */
function countedAs(
  { measure, contract, version }: TallyField,
  terms: UsageTerms,
): (Exclude<Measure, 'unknownWon' | 'unknownBilled'> | 'unknown')[] {
  if (measure !== 'unknownWon' && measure !== 'unknownBilled') return [measure]
  const known = terms.contract(contract, version)
  if (!known) return ['unknown']
  if (measure === 'unknownWon' && known.billOn === 'billable') return []
  return known.price.kind === 'percent_media' ? ['units', 'unpriced'] : ['units']
}
