import { type Refused, refuse } from '../../../audience/refusal.ts'
import type { Tally } from '../../../audience/store/store.ts'
import { LIMITS } from '../../limits.ts'
import { decodeField } from '../tally-field.ts'
import { countedAs } from './counted-as.ts'
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
 * @param passes counters day by day, as a store reads them; where in several passes, each set is in one of them whole
 */
export async function readUsage(
  passes: AsyncIterable<Tally> | readonly AsyncIterable<Tally>[],
  options: ReadOptions,
): Promise<UsageLine[]> {
  const { terms, wants } = options
  const lines = new Lines(options)
  const sets = new SetSplitter(options)
  for (const tallies of Array.isArray(passes) ? passes : [passes]) {
    let setsDay = ''
    for await (const { day, field: name, value } of tallies as AsyncIterable<Tally>) {
      const field = decodeField(name)
      if (!field) continue
      if (field.set !== '') {
        if (day !== setsDay) await sets.gather()
        setsDay = day
        sets.take(day, field, value)
        mustHold(sets, options)
      } else if (wants(field)) {
        const line = lines.of(keyOf(day, field, terms))
        for (const counted of countedAs(field, terms)) line[counted] += value
      }
    }
    await sets.gather()
  }
  for (const { key, counted, value } of sets.split())
    if (wants(key)) lines.of(key)[counted] += value
  return lines.inOrder()
}

function mustHold(sets: SetSplitter, { linesMax, setMembersMax }: ReadOptions): void {
  if (setMembersMax !== undefined && sets.size > setMembersMax) throw tooMuch(SETS)
  if (sets.lines > (linesMax ?? LIMITS.usageLinesMax)) throw tooMuch()
}

/** Where there are too many sets: in more passes, there are fewer of them in each. */
export function isTooManySets(error: Refused): boolean {
  return error.problems.some(({ field }) => field === SETS)
}

const SETS = 'sets'

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

function tooMuch(field = ''): Refused {
  const reason = 'there is too much of it: ask for less, such as one contract'
  return refuse('unprocessable', field, reason)
}
