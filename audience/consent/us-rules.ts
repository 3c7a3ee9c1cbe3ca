import type { ConsentAnswer } from './reasons.ts'
import { UsField } from './us-layouts.ts'

/**
 * What US privacy law lets be done, in usnat terms: Prebid's default "iab.usgeneral" rules
 * (prebid.github.io features/mspa-usnat.md; prebid-server-java activity/infrastructure/privacy/usnat).
 * A field that is absent satisfies no rule.
 */
export const UsRule = { syncUser: 1, transmitUfpd: 2, transmitPreciseGeo: 3 } as const
export type UsRule = (typeof UsRule)[keyof typeof UsRule]

/** Answers of two-bit fields: of a notice 1 is "given", of an opt-out 1 is "opted out". */
const NOT_APPLICABLE = 0
const YES = 1
const NO = 2
/** Of a sensitive category: 1 is "no consent" or "opted out", 2 its opposite. */
const NO_CONSENT = 1
const CONSENT = 2

const OPT_OUTS = [
  UsField.SaleOptOut,
  UsField.SharingOptOut,
  UsField.TargetedAdvertisingOptOut,
] as const

/** Notices that must have been given; and each with the "did not opt out" that is void without it. */
const NOTICES = [
  UsField.SaleOptOutNotice,
  UsField.SharingNotice,
  UsField.SharingOptOutNotice,
  UsField.TargetedAdvertisingOptOutNotice,
] as const
const NOTICE_FOR = [
  [UsField.SaleOptOutNotice, UsField.SaleOptOut],
  [UsField.SharingNotice, UsField.SharingOptOut],
  [UsField.SharingOptOutNotice, UsField.SharingOptOut],
  [UsField.TargetedAdvertisingOptOutNotice, UsField.TargetedAdvertisingOptOut],
] as const
const SENSITIVE_NOTICES = [
  UsField.SensitiveDataProcessingOptOutNotice,
  UsField.SensitiveDataLimitUseNotice,
] as const

/** Sensitive categories that count when not consented, and those that count even when consented. */
const WITHOUT_CONSENT = [1, 2, 3, 4, 5, 11, 13, 15].map(sensitive)
const IN_ANY_CASE = [6, 7, 9, 10, 12, 14, 16].map(sensitive)
/** All but precise geolocation (8). */
const ALL_BUT_GEO = [...WITHOUT_CONSENT, ...IN_ANY_CASE]
const GEO = sensitive(8)

/** Whether the rule lets the section's fields through: 0, or the reason why not. */
export function usAnswer(fields: Uint8Array, rule: UsRule): ConsentAnswer {
  const general = generalAnswer(fields)
  if (general !== 0) return general
  if (rule === UsRule.transmitPreciseGeo) return geoAnswer(fields)
  if (OPT_OUTS.some((field) => fields[field] === YES)) return 'denied_gpp_opt_out'
  if (lacksNotice(fields)) return 'denied_gpp_notice'
  if (rule === UsRule.transmitUfpd && restrictsSensitive(fields)) return 'denied_gpp_sensitive'
  return 0
}

/** What stands against every use. */
function generalAnswer(fields: Uint8Array): ConsentAnswer {
  if (fields[UsField.Gpc] === 1) return 'denied_gpp_gpc'
  if (fields[UsField.MspaServiceProviderMode] === YES) return 'denied_gpp_service_provider'
  if (fields[UsField.MspaMode] === 2) return 'denied_gpp_service_provider'
  if (knowsChild(fields)) return 'denied_gpp_child'
  // There is no addendum to the MSPA under which this consent could have been given.
  return fields[UsField.PersonalDataConsents] === CONSENT ? 'denied_gpp_personal_data' : 0
}

function knowsChild(fields: Uint8Array): boolean {
  return (
    fields[UsField.KnownChild1] === NO_CONSENT ||
    saysAnything(fields, UsField.KnownChild2) ||
    fields[UsField.KnownChild3] === NO_CONSENT ||
    saysAnything(fields, UsField.StateChild)
  )
}

function lacksNotice(fields: Uint8Array): boolean {
  return (
    NOTICES.some((notice) => fields[notice] === NO) ||
    NOTICE_FOR.some(([notice, of]) => fields[notice] === NOT_APPLICABLE && fields[of] === NO)
  )
}

function restrictsSensitive(fields: Uint8Array): boolean {
  return (
    SENSITIVE_NOTICES.some((notice) => fields[notice] === NO) ||
    (lacksSensitiveNotice(fields) && ALL_BUT_GEO.some((one) => fields[one] === CONSENT)) ||
    WITHOUT_CONSENT.some((one) => fields[one] === NO_CONSENT) ||
    IN_ANY_CASE.some((one) => saysAnything(fields, one))
  )
}

function geoAnswer(fields: Uint8Array): ConsentAnswer {
  const isRestricted =
    SENSITIVE_NOTICES.some((notice) => fields[notice] === NO) ||
    fields[GEO] === NO_CONSENT ||
    (lacksSensitiveNotice(fields) && fields[GEO] === CONSENT)
  return isRestricted ? 'denied_gpp_sensitive' : 0
}

function lacksSensitiveNotice(fields: Uint8Array): boolean {
  return SENSITIVE_NOTICES.some((notice) => fields[notice] === NOT_APPLICABLE)
}

function saysAnything(fields: Uint8Array, field: number): boolean {
  return fields[field] === NO_CONSENT || fields[field] === CONSENT
}

function sensitive(category: number): number {
  return UsField.Sensitive1 + category - 1
}
