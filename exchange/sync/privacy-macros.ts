import { isUnreserved } from './is-unreserved.ts'

/** The consent a sync carries along, as text; '' where nothing was said. */
export interface PrivacyValues {
  gdpr: string
  gdprConsent: string
  usPrivacy: string
  gpp: string
  gppSid: string
}

export type PrivacyMacro = 'gdpr' | 'gdpr_consent' | 'us_privacy' | 'gpp' | 'gpp_sid'

/** The texts that addresses are filled with, URL-encoded. */
export interface PrivacyTexts {
  readonly values: Readonly<Record<PrivacyMacro, string>>
  /** `&gdpr=…&gdpr_consent=…`, as our own addresses carry it. */
  readonly query: string
  /** The same for an address within an address: encoded once more. */
  readonly innerQuery: string
}

/** Stand for what visitors say in words of their own: for its place among `PrivacyMacros.own`. No address holds them. */
export const OWN_MARKS = ['\x01', '\x02', '\x03', '\x04'] as const
const [CONSENT, INNER_CONSENT, GPP, INNER_GPP] = OWN_MARKS

/** Encoded once for a request, and placed into every partner's address. */
export class PrivacyMacros implements PrivacyTexts {
  /** Consecutive visitors mostly say the same, and get the same object: what is made of it is made once. */
  static of(given: PrivacyValues): PrivacyMacros {
    return last !== undefined && isSame(last.#given, given)
      ? last
      : (last = new PrivacyMacros(given))
  }

  readonly #given: PrivacyValues
  readonly values: PrivacyTexts['values']
  /** What it comes to with marks in the place of consent strings: the very same object for many visitors. */
  readonly frame: PrivacyTexts
  #own: readonly Uint8Array[] | undefined

  private constructor(given: PrivacyValues) {
    this.#given = given
    this.values = valuesOf(given)
    this.frame = frameOf(this.values)
  }

  get query(): string {
    return queryOf(this.values, '&', '=')
  }

  get innerQuery(): string {
    return encodeURIComponent(this.query)
  }

  /** What goes in the place of each mark. */
  get own(): readonly Uint8Array[] {
    return (this.#own ??= this.#bytes())
  }

  #bytes(): readonly Uint8Array[] {
    const { gdpr_consent, gpp } = this.values
    return [...bothOf(gdpr_consent), ...bothOf(gpp)]
  }
}

/** The two forms of a value, as bytes. */
function bothOf(text: string): [Uint8Array, Uint8Array] {
  const bytes = Buffer.from(text, 'latin1')
  return [bytes, text.includes('%') ? Buffer.from(encodeURIComponent(text), 'latin1') : bytes]
}

function valuesOf({ gdpr, gdprConsent, usPrivacy, gpp, gppSid }: PrivacyValues) {
  return {
    gdpr: encoded(gdpr),
    gdpr_consent: encoded(gdprConsent),
    us_privacy: encoded(usPrivacy),
    gpp: encoded(gpp),
    gpp_sid: encoded(gppSid),
  }
}

const FRAMES_MAX = 64
const frames = new Map<string, PrivacyTexts>()

function frameOf({ gdpr, us_privacy, gpp_sid }: PrivacyTexts['values']): PrivacyTexts {
  const name = `${gdpr} ${us_privacy} ${gpp_sid}`
  let frame = frames.get(name)
  if (frame !== undefined) return frame
  if (frames.size === FRAMES_MAX) frames.clear()
  const values = { gdpr, us_privacy, gpp_sid, gdpr_consent: CONSENT, gpp: GPP }
  const inner = {
    ...{ gdpr: encodeURIComponent(gdpr), us_privacy: encodeURIComponent(us_privacy) },
    ...{ gpp_sid: encodeURIComponent(gpp_sid), gdpr_consent: INNER_CONSENT, gpp: INNER_GPP },
  }
  const innerQuery = queryOf(inner, '%26', '%3D')
  frame = { values, query: queryOf(values, '&', '='), innerQuery }
  frames.set(name, frame)
  return frame
}

let last: PrivacyMacros | undefined

function isSame(a: PrivacyValues, b: PrivacyValues): boolean {
  if (a.gdpr !== b.gdpr || a.gdprConsent !== b.gdprConsent) return false
  return a.usPrivacy === b.usPrivacy && a.gpp === b.gpp && a.gppSid === b.gppSid
}

function queryOf(values: PrivacyTexts['values'], and: string, is: string): string {
  const { gdpr, gdpr_consent, us_privacy, gpp, gpp_sid } = values
  const tcf = `${and}gdpr${is}${gdpr}${and}gdpr_consent${is}${gdpr_consent}`
  return `${tcf}${and}us_privacy${is}${us_privacy}${and}gpp${is}${gpp}${and}gpp_sid${is}${gpp_sid}`
}

/**
 * Most consent strings hold nothing that needs encoding. Half a surrogate pair, which JSON can hold and no address can,
 * becomes U+FFFD.
 */
function encoded(text: string): string {
  return isUnreserved(text) ? text : encodeURIComponent(Buffer.from(text).toString())
}
