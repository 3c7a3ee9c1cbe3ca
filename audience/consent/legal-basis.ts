import { Restriction } from './pub-restrictions.ts'
import type { TcString } from './tc-string.ts'

/** What a vendor registered for a purpose in the Global Vendor List, as bits. */
export const Declared = { nothing: 0, consent: 1, legitimateInterest: 2, flexible: 4 } as const

/** The basis a vendor must stand on for a purpose; or why there is none. */
export type LegalBasis = 'consent' | 'legitimate_interest' | 'unregistered' | 'restricted'

/**
 * The basis asked of this vendor for this purpose: the registered one, or the other where the
 * publisher requires it and the vendor is flexible. Contradicting restrictions count as "not allowed".
 * Source: TCF "Consent string and vendor list formats v2", "What are publisher restrictions?".
 */
export function legalBasis(
  tc: TcString,
  purpose: number,
  vendor: number,
  declared: number,
): LegalBasis {
  const registered = registeredBasis(declared)
  const restriction = tc.restriction(purpose, vendor)
  if (restriction === 0 || registered === 'unregistered') return registered
  const required = requiredBasis(restriction)
  if (required === registered) return required
  return (declared & Declared.flexible) === 0 ? 'restricted' : required
}

function registeredBasis(declared: number): LegalBasis {
  if (declared & Declared.consent) return 'consent'
  return declared & Declared.legitimateInterest ? 'legitimate_interest' : 'unregistered'
}

function requiredBasis(restriction: number): LegalBasis {
  if (restriction === Restriction.requireConsent) return 'consent'
  return restriction === Restriction.requireLI ? 'legitimate_interest' : 'restricted'
}
