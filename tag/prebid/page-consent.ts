import { isOptedOutOf, type ParsedSections } from '../us-opt-out.ts'
import type { Fragment } from './auction.ts'

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

/** Names of the sections of the United States in a consent tool's answer, in the order of their ids. */
const STATES =
  'usnat usca usva usco usut usct usfl usmt usor ustx usde usia usne usnh usnj ustn usmn usmd usin usky usri'.split(
    ' ',
  )
const STATES_FIRST = 7

interface TcData {
  purpose?: { consents?: Record<number, boolean> }
  vendor?: { consents?: Record<number, boolean> }
}

/** TCF: a profile chooses advertising; an id is read from the browser. */
const [PERSONALISED, DEVICE] = [4, 1] as const

/** Whether it is worth asking: false where the answer could only be empty. The other end decides. */
export function mayAsk({ gdpr, gpp }: Consent, said: Said, gvlId: number | undefined): boolean {
  if (said.coppa || said.gpc || isOn(said.lmt) || isOn(said.dnt)) return false
  if (`${said.us_privacy}`[2]?.toUpperCase() === 'Y') return false
  if (gpp && isOptedOutOf(applicable(gpp))) return false
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
export interface Said {
  gdpr: unknown
  gdpr_consent: unknown
  us_privacy: unknown
  gpp: unknown
  gpp_sid: unknown
  gpc: 1 | undefined
  coppa: 1 | undefined
  lmt: unknown
  dnt: unknown
}

/** Of consent tools; and where there is none, what the page's own `ortb2` says, as its bidders read it. */
export function saidOf(
  { gdpr, usp, gpp, coppa }: Consent,
  { regs, user, device }: Fragment = {},
): Said {
  const ext = regs?.ext
  return {
    gdpr: applies(gdpr) ?? regs?.gdpr ?? ext?.gdpr,
    gdpr_consent: gdpr?.consentString ?? user?.consent ?? user?.ext?.consent,
    us_privacy: usp ?? regs?.us_privacy ?? ext?.us_privacy,
    gpp: gpp?.gppString ?? regs?.gpp ?? ext?.gpp,
    gpp_sid: gpp?.applicableSections ?? regs?.gpp_sid ?? ext?.gpp_sid,
    gpc: hasGpc() || isOn(regs?.gpc) || isOn(ext?.gpc) ? 1 : undefined,
    coppa: coppa || isOn(regs?.coppa) || isOn(ext?.coppa) ? 1 : undefined,
    lmt: device?.lmt,
    dnt: device?.dnt,
  }
}

/** Others may stand in a string, of earlier visits elsewhere. A tool that does not say which apply means all. */
function applicable({ parsedSections = {}, applicableSections = [] }: NonNullable<Consent['gpp']>) {
  const isMeant = (name: string) => {
    const at = STATES.indexOf(name)
    return (
      at < 0 || applicableSections.length === 0 || applicableSections.includes(STATES_FIRST + at)
    )
  }
  return Object.fromEntries(Object.entries(parsedSections).filter(([name]) => isMeant(name)))
}

function applies(gdpr: Consent['gdpr']): number | undefined {
  return typeof gdpr?.gdprApplies === 'boolean' ? Number(gdpr.gdprApplies) : undefined
}

/** Whatever is not clearly no. */
function isOn(flag: unknown): boolean {
  return Boolean(flag) && flag !== '0'
}

/** A tool that says nothing of purposes leaves it to the string. */
function allows(data: TcData | undefined, purpose: number): boolean {
  const consents = data?.purpose?.consents
  return consents === undefined || consents[purpose] === true
}

function hasGpc(): boolean {
  return (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl === true
}
