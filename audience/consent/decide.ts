import { Activities, type Activity } from './activities.ts'
import type { ConsentReading } from './consent-reading.ts'
import type { Gvl } from './gvl.ts'
import { Declared, legalBasis } from './legal-basis.ts'
import type { ConsentAnswer } from './reasons.ts'
import type { TcString } from './tc-string.ts'
import { UsRule } from './us-rules.ts'

/**
 * May this be done, for this partner, by what the request says? 0, or the reason why not. `ownGvlId`
 * (where we have one) must be allowed beside the partner's; without a vendor list every vendor counts
 * as registered for consent. Allocates nothing.
 */
export function decide(
  reading: ConsentReading,
  activity: Activity,
  partnerGvlId: number | undefined,
  ownGvlId: number | undefined,
  gvl: Gvl | undefined,
): ConsentAnswer {
  const same = decideForAll(reading, activity)
  if (same !== undefined) return same
  const { purposes } = Activities[activity]
  if (partnerGvlId === undefined) return 'denied_tcf_no_gvl_id'
  const partner = vendorAnswer(reading, purposes, partnerGvlId, gvl)
  if (partner !== 0 || ownGvlId === undefined) return partner
  return vendorAnswer(reading, purposes, ownGvlId, gvl)
}

/** The answer where it is the same for every partner; undefined where each is to be asked. */
export function decideForAll(
  reading: ConsentReading,
  activity: Activity,
): ConsentAnswer | undefined {
  if (reading.denied !== 0) return reading.denied
  const us = Activities[activity].usRule === UsRule.syncUser ? reading.usSync : reading.usTransmit
  return us !== 0 || !reading.gdprApplies ? us : undefined
}

/** Every TC string of the request must allow the vendor every purpose. */
function vendorAnswer(
  reading: ConsentReading,
  purposes: readonly number[],
  vendor: number,
  gvl: Gvl | undefined,
): ConsentAnswer {
  for (let i = 0; i < reading.tcCount; i++) {
    const tc = reading.tcStrings[i]!
    if (reading.needsDisclosed[i] === 1 && !tc.disclosed(vendor)) return 'denied_tcf_not_disclosed'
    for (let k = 0; k < purposes.length; k++) {
      const purpose = purposes[k]!
      const declared = gvl === undefined ? Declared.consent : gvl.declared(vendor, purpose)
      const answer = purposeAnswer(tc, purpose, vendor, declared)
      if (answer !== 0) return answer
    }
  }
  return 0
}

/** TCF 2.2: creating and using profiles, and what is stored on a device, need consent. */
const CONSENT_ONLY = [1, 3, 4, 5, 6]

/** One purpose for one vendor, by what it declared (bits of `Declared`). */
export function purposeAnswer(
  tc: TcString,
  purpose: number,
  vendor: number,
  declared: number,
): ConsentAnswer {
  switch (legalBasis(tc, purpose, vendor, declared)) {
    case 'consent':
      if (!tc.purposeConsent(purpose)) return 'denied_tcf_purpose'
      return tc.vendorConsent(vendor) ? 0 : 'denied_tcf_vendor'
    case 'legitimate_interest':
      if (CONSENT_ONLY.includes(purpose)) return 'denied_tcf_legitimate_interest'
      if (!tc.purposeLI(purpose)) return 'denied_tcf_purpose'
      return tc.vendorLI(vendor) ? 0 : 'denied_tcf_vendor'
    case 'restricted':
      return 'denied_tcf_restricted'
    case 'unregistered':
      return 'denied_tcf_unregistered'
  }
}
