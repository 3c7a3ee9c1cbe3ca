import { measureConsent } from './consent-speed.ts'
import { atLeast, type Figure } from './figures.ts'

/** Figures measured in the bench's own process. */
export async function profileFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  consent decisions')
  const consent = measureConsent()
  return [
    atLeast(
      `consent decisions a second, ${consent.chars}-character strings, four vendors each`,
      3,
      consent.decisionsPerS / 1e6,
      ' M',
    ),
  ]
}
