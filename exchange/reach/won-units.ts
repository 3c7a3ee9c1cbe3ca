import { REACH_LIMITS } from '../../audience/reach/limits.ts'
import { lookupsOf, type UsageDeps } from '../desk/usage-deps.ts'
import { dayIn } from '../moment.ts'
import { readUsage } from '../usage/read/read-usage.ts'
import { addDays } from '../usage/read/stretches.ts'
import type { UsageKey } from '../usage/read/usage-line.ts'

export interface WonUnits {
  /** First and last day counted, e.g. `2026-11-26`. */
  from: string
  to: string
  of(segment: string, buyer: string): number
}

/**
 * Impressions with a segment that notices told won (billed, where a contract is billed on that) in the last
 * REACH_LIMITS.seenDays. Impressions, not people: a notice names nobody. Contracts billed on delivery have none.
 */
export async function wonUnits(
  deps: UsageDeps,
  { segments, buyers }: { segments: ReadonlySet<string>; buyers: ReadonlySet<string> },
): Promise<WonUnits> {
  const lookups = lookupsOf(deps)
  const termsOf = ({ contract, version }: Pick<UsageKey, 'contract' | 'version'>) =>
    lookups.terms.contract(contract, version)
  const wants = (key: Pick<UsageKey, 'contract' | 'version' | 'segment'>) => {
    const terms = termsOf(key)
    return (
      terms !== undefined &&
      segments.has(key.segment) &&
      buyers.has(terms.buyer) &&
      terms.uses.includes('bid_enrichment')
    )
  }
  // Days are those of the contract's zone, which may be a day ahead of UTC's.
  const to = addDays(dayIn(deps.clock.now()), 1)
  const from = addDays(to, -REACH_LIMITS.seenDays)
  const units = new Map<string, number>()
  for (const line of await readUsage(deps.tallies.read(from, to), { ...lookups, wants })) {
    const name = `${line.segment} ${termsOf(line)!.buyer}`
    if (line.witness !== 'gateway') units.set(name, (units.get(name) ?? 0) + Number(line.units))
  }
  return { from, to, of: (segment, buyer) => units.get(`${segment} ${buyer}`) ?? 0 }
}
