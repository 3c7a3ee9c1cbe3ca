import { isOptedOutOf, type ParsedSections } from '../us-opt-out.ts'

/** What Prebid.js hands to a module of what the visitor allows. */
export interface Consent {
  gdpr?: { gdprApplies?: boolean; consentString?: string; vendorData?: TcData } | null
  usp?: string | null
  gpp?: {
    gppString?: string
    applicableSections?: number[]
    parsedSections?: ParsedSections
  } | null
  coppa?: boolean
}

interface TcData {
  purpose?: { consents?: Record<number, boolean> }
  vendor?: { consents?: Record<number, boolean> }
}

/** TCF: a profile chooses advertising; an id is read from the browser. */
const [PERSONALISED, DEVICE] = [4, 1] as const

/** Whether it is worth asking: false where the answer could only be empty. The other end decides. */
export function mayAsk({ gdpr, usp, gpp, coppa }: Consent, gvlId: number | undefined): boolean {
  if (coppa || hasGpc() || usp?.[2]?.toUpperCase() === 'Y') return false
  if (isOptedOutOf(gpp?.parsedSections)) return false
  if (!gdpr?.gdprApplies) return true
  const vendors = gdpr.vendorData?.vendor?.consents
  const isVendorRefused = gvlId !== undefined && vendors !== undefined && vendors[gvlId] !== true
  return !!gdpr.consentString && allows(gdpr.vendorData, PERSONALISED) && !isVendorRefused
}

/** Whether our cookie may go along. */
export function mayUseCookie({ gdpr }: Consent): boolean {
  return !gdpr?.gdprApplies || allows(gdpr.vendorData, DEVICE)
}

/** What was said, by the names that OpenRTB has for it. */
export function saidBy({ gdpr, usp, gpp, coppa }: Consent): object {
  return {
    gdpr: typeof gdpr?.gdprApplies === 'boolean' ? Number(gdpr.gdprApplies) : undefined,
    gdpr_consent: gdpr?.consentString,
    us_privacy: usp ?? undefined,
    gpp: gpp?.gppString,
    gpp_sid: gpp?.applicableSections,
    gpc: hasGpc() ? 1 : undefined,
    coppa: coppa ? 1 : undefined,
  }
}

/** A tool that says nothing of purposes leaves it to the string. */
function allows(data: TcData | undefined, purpose: number): boolean {
  const consents = data?.purpose?.consents
  return consents === undefined || consents[purpose] === true
}

function hasGpc(): boolean {
  return (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl === true
}
