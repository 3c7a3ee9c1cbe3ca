/** The consent a sync carries along, as text; '' where nothing was said. */
export interface PrivacyValues {
  gdpr: string
  gdprConsent: string
  usPrivacy: string
  gpp: string
  gppSid: string
}

const NAMES = {
  gdpr: 'gdpr',
  gdpr_consent: 'gdprConsent',
  us_privacy: 'usPrivacy',
  gpp: 'gpp',
  gpp_sid: 'gppSid',
} as const
export type PrivacyMacro = keyof typeof NAMES

/** Encoded once for a request, and placed into every partner's address. */
export class PrivacyMacros {
  /** Each value URL-encoded. */
  readonly values: Readonly<Record<PrivacyMacro, string>>
  /** `&gdpr=…&gdpr_consent=…`, as our own addresses carry them. */
  readonly query: string
  /** The same for an address within an address: encoded once more. */
  readonly innerQuery: string

  constructor(given: PrivacyValues) {
    const names = Object.keys(NAMES) as PrivacyMacro[]
    const values = names.map((name) => [name, encodeURIComponent(given[NAMES[name]])])
    this.values = Object.fromEntries(values)
    this.query = names.map((name) => `&${name}=${this.values[name]}`).join('')
    this.innerQuery = encodeURIComponent(this.query)
  }
}
