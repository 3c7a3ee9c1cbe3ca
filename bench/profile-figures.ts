import { measureCatalog } from './catalog-speed.ts'
import { measureConsent } from './consent-speed.ts'
import { atLeast, atMost, type Figure } from './figures.ts'

/** Figures measured in the bench's own process. */
export async function profileFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  consent decisions')
  const consent = measureConsent()
  say('  a catalog of 10,000 segments, contracts and deals')
  const catalog = measureCatalog()
  return [
    atLeast(
      `consent decisions a second, ${consent.chars}-character strings, four vendors each`,
      3,
      consent.decisionsPerS / 1e6,
      ' M',
    ),
    atMost('10,000 segments, contracts and deals compiled', 1_000, catalog.compileMs, ' ms'),
    atMost('one contract of these changed, its buyer asks first', 2, catalog.changeMs, ' ms'),
  ]
}
