import type { ConsentAnswer } from './reasons.ts'
import type { TcString } from './tc-string.ts'

/** TCF 2.3: disclosedVendors is mandatory, and the string must be service specific. */
const POLICY_OF_2_3 = 5
const DISCLOSED_SINCE_MS = Date.UTC(2026, 2, 1)
/** TCF 2.2: strings of an older policy made after this day are invalid. */
const POLICY_OF_2_2 = 4
const OLD_POLICY_UNTIL_MS = Date.UTC(2023, 8, 30)

/** Whether a readable string may be relied on: 0, or why not. */
export function soundnessOf(tc: TcString): ConsentAnswer {
  // A vendor list has a version from 1 up: 0 is what a string has that was never filled in.
  if (tc.vendorListVersion === 0) return 'denied_tcf_unreadable'
  if (tc.policyVersion >= POLICY_OF_2_3 && !tc.isServiceSpecific) return 'denied_tcf_global_scope'
  if (tc.policyVersion >= POLICY_OF_2_2) return 0
  return tc.createdMs < OLD_POLICY_UNTIL_MS ? 0 : 'denied_tcf_outdated'
}

/** Whether only disclosed vendors have a basis under this string; also where its date is unreadable. */
export function needsDisclosed(tc: TcString): boolean {
  return tc.policyVersion >= POLICY_OF_2_3 || !(tc.lastUpdatedMs < DISCLOSED_SINCE_MS)
}
