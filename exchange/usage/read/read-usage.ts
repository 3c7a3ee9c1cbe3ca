import { type Refused, refuse } from '../../../audience/refusal.ts'
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
  /** The line that a counter is added to, where not every one shall have its own; what is due of sets is first worked out line by line. */
  mergedAs?(key: UsageKey): UsageKey
  /** Lines that are held at once; default LIMITS.usageLinesMax. */
  linesMax?: number
  /** Segments in the sets of one day that are held at once; without it, whatever there is. */
  setMembersMax?: number
}

/**
 * Counters as lines, in order. Where several segments were used for one impression and the contract's
 * `attribution` bills not all of them in full, each has what falls to it, in whole units a day. Throws
 * Refused (`unprocessable`) where there are more lines than a process should hold.
 * @param tallies day by day, as a store reads them
 */
export async function readUsage(
  tallies: AsyncIterable<Tally>,
  options: ReadOptions,
): Promise<UsageLine[]> {
  const { terms, wants, setMembersMax = Number.POSITIVE_INFINITY } = options
  const lines = new Lines(options)
  let sets = new SetSplitter(options)
  let setsDay = ''
  const settle = async () => {
    for await (const { key, counted, value } of sets.split())
      if (wants(key)) lines.of(key)[counted] += value
    sets = new SetSplitter(options)
  }
  for await (const { day, field: name, value } of tallies) {
    const field = decodeField(name)
    if (!field) continue
    if (field.set !== '') {
      if (day !== setsDay) await settle()
      setsDay = day
      sets.take(day, field, value)
      if (sets.size > setMembersMax) throw tooMuch()
    } else if (wants(field)) {
      const line = lines.of(keyOf(day, field, terms))
      for (const counted of countedAs(field, terms)) line[counted] += value
    }
  }
  await settle()
  return lines.inOrder()
}

class Lines {
  readonly #options: ReadOptions
  readonly #lines = new Map<string, UsageLine>()

  constructor(options: ReadOptions) {
    this.#options = options
  }

  of(counted: UsageKey): UsageLine {
    const key = this.#options.mergedAs?.(counted) ?? counted
    const text = keyText(key)
    const known = this.#lines.get(text)
    if (known) return known
    if (this.#lines.size === (this.#options.linesMax ?? LIMITS.usageLinesMax)) throw tooMuch()
    const line = emptyLine(key)
    this.#lines.set(text, line)
    return line
  }

  inOrder(): UsageLine[] {
    return [...this.#lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)
  }
}

function tooMuch(): Refused {
  return refuse('unprocessable', '', 'there is too much of it: ask for less, such as one contract')
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
