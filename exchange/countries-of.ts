import { COUNTRIES, REGIONS } from '../audience/countries.ts'

/** Stands for a request whose country is absent or none: only what holds everywhere holds there. */
export const NO_COUNTRY = 'none'

/**
 * Alpha-3 codes a list of regions covers, each once: `DEU EU` is every country of the EU. The empty list is
 * everywhere: every country, and requests of none (NO_COUNTRY).
 */
export function countriesOf(regions: readonly string[]): ReadonlySet<string> {
  if (regions.length === 0) return EVERYWHERE
  return new Set(regions.flatMap((region) => membersOf(region)))
}

const EVERYWHERE: ReadonlySet<string> = new Set([...COUNTRIES, NO_COUNTRY])

function membersOf(region: string): string[] {
  if (!Object.hasOwn(REGIONS, region)) return [region]
  return [...REGIONS[region as keyof typeof REGIONS]]
}
