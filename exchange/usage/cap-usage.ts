import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { grouped, priceLines } from './price/price-lines.ts'
import type { ReadOptions } from './read/read-usage.ts'
import type { UsageKey, UsageLine } from './read/usage-line.ts'
import { decodeField, type Measure, type TallyField } from './tally-field.ts'
import type { UsageTerms } from './usage-terms.ts'

export type Contracts = ReadonlyMap<string, ContractRecord>

/** What was used under a contract, as far as its caps ask for it. */
export interface CapUsage {
  /** By day, or by month where the days hardly change any more; of months that are not in `past`. */
  lines: readonly UsageLine[]
  /** Sums of months that are over. */
  past: Past
}

export interface Past {
  units: bigint
  spendMicros: bigint
}

export const NO_PAST: Past = { units: 0n, spendMicros: 0n }

/**
 * Caps are of a contract, and prices of its months: a cap needs no line for each segment, deal, currency and
 * witness, of which a busy contract has tens of thousands a day.
 */
export function dayOfContract({ day, contract, version }: UsageKey): UsageKey {
  return { day, contract, version, segment: '', deal: '', witness: 'gateway', currency: '' }
}

export function monthOfContract(key: UsageKey): UsageKey {
  return dayOfContract({ ...key, day: monthOf(key) })
}

/** How much of usage is held at once. */
export function heldMax({
  linesMax = LIMITS.usageLinesMax,
  setMembersMax = LIMITS.capsSetMembersMax,
}: Pick<ReadOptions, 'linesMax' | 'setMembersMax'>) {
  return { linesMax, setMembersMax }
}

export function monthOf({ day }: Pick<UsageKey, 'day'>): string {
  return day.slice(0, 7)
}

/** What each line costs. Prices look at months: the lines are all there is of theirs. */
export function amountsOf(lines: readonly UsageLine[], terms: UsageTerms): Map<UsageLine, bigint> {
  const amounts = new Map<UsageLine, bigint>()
  for (const ofMonth of grouped(lines, monthOf).values())
    for (const [line, amount] of priceLines(ofMonth, terms)) amounts.set(line, amount)
  return amounts
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n)
}

/** What units are priced by; what was lost, or told twice, is in no amount. */
export const PRICED: ReadonlySet<Measure> = new Set<Measure>([
  'units',
  'shared',
  'floored',
  'capped',
  'unpriced',
  'unknownWon',
  'unknownBilled',
])

export type IsWanted = (name: string) => boolean

/**
 * Which counters the caps of these contracts look at: their own, and where what falls to one hangs on segments
 * that compete for an impression, all of those: they are on the same buyer's bill (`SetSplitter`). In so many
 * passes, each set in one of them.
 */
export function countersFor(contracts: Contracts, terms: UsageTerms, passes = 1): IsWanted[] {
  const buyers = new Set([...contracts].flatMap(([id, one]) => buyersOfSets(id, one, terms)))
  const isOfContracts = ({ contract, version, set }: TallyField) => {
    if (contracts.has(contract)) return true
    if (set === '' || buyers.size === 0) return false
    const { buyer } = terms.contract(contract, version) ?? {}
    return buyer === undefined || buyers.has(buyer)
  }
  return Array.from({ length: passes }, (_, pass) => (name: string) => {
    const field = decodeField(name)
    if (!field || !PRICED.has(field.measure) || passOf(field) % passes !== pass) return false
    return isOfContracts(field)
  })
}

/** Sets are named by hexadecimal digits of a hash. */
function passOf({ set }: TallyField): number {
  return set === '' ? 0 : Number.parseInt(set.slice(0, 4), 16)
}

/** What falls to the contract hangs on segments that compete for an impression, or did under earlier terms. */
export function competes(id: string, contract: ContractRecord, terms: UsageTerms): boolean {
  return buyersOfSets(id, contract, terms).length > 0
}

export function buyersOfSets(id: string, contract: ContractRecord, terms: UsageTerms): string[] {
  return allTerms(id, contract, terms).flatMap(({ attribution = 'used_all', buyer }) =>
    attribution === 'used_all' ? [] : [buyer],
  )
}

/** The terms of a contract, as they are and as they were. */
export function allTerms(
  id: string,
  { version, keptVersions }: ContractRecord,
  terms: UsageTerms,
): ContractRecord[] {
  return [version, ...keptVersions].flatMap((one) => terms.contract(id, one) ?? [])
}
