import { measureCatalog } from './catalog-speed.ts'
import { measureConsent } from './consent-speed.ts'
import { atLeast, atMost, type Figure } from './figures.ts'
import { measureNearCache } from './near-cache-memory.ts'

/** Figures measured without a server: in the bench's own process, and the near-cache in one of its own. */
export async function profileFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  consent decisions')
  const consent = measureConsent()
  say('  a catalog of 10,000 segments, contracts and deals')
  const catalog = measureCatalog()
  say('  a million people in the near-cache')
  const cached = await measureNearCache()
  return [
    atLeast(
      `consent decisions a second, ${consent.chars}-character strings, four vendors each`,
      3,
      consent.decisionsPerS / 1e6,
      ' M',
    ),
    atMost('10,000 segments, contracts and deals compiled', 1_000, catalog.compileMs, ' ms'),
    atMost('one contract of these changed, its buyer asks first', 2, catalog.changeMs, ' ms'),
    atMost(
      `a person in the near-cache, of ${Math.round(cached.people / 1000)} k`,
      250,
      cached.bytesPerPerson,
      ' B',
    ),
    atMost(
      'longest garbage-collection pause there, people coming and going',
      20,
      cached.gcPauseMsMax,
      ' ms',
    ),
  ]
}
