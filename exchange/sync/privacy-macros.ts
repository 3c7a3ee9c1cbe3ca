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

/** What an entry of an answer is made of. */
export type PrivacyText = PrivacyMacro | 'query' | 'innerQuery'

/** Encoded once for a request, and placed into every partner's address. */
export class PrivacyMacros {
  /** Consecutive visitors mostly say the same, and get the same object: what is made of it is made once. */
  static of(given: PrivacyValues): PrivacyMacros {
    return last !== undefined && isSame(last.#given, given)
      ? last
      : (last = new PrivacyMacros(given))
  }

  readonly #given: PrivacyValues
  readonly #bytes: { [Of in PrivacyText]?: Uint8Array } = {}
  /** Each value URL-encoded. */
  readonly values: Readonly<Record<PrivacyMacro, string>>
  /** `&gdpr=…&gdpr_consent=…` for an address within an address: encoded twice. */
  readonly innerQuery: string

  private constructor(given: PrivacyValues) {
    this.#given = given
    const { gdpr, gdprConsent, usPrivacy, gpp, gppSid } = given
    const plain = [gdpr, gdprConsent, usPrivacy, gpp, gppSid].every(isUnreserved)
    const encoded = plain ? (text: string) => text : encode
    this.values = {
      gdpr: encoded(gdpr),
      gdpr_consent: encoded(gdprConsent),
      us_privacy: encoded(usPrivacy),
      gpp: encoded(gpp),
      gpp_sid: encoded(gppSid),
    }
    this.innerQuery = plain ? queryOf(this.values, '%26', '%3D') : encodeURIComponent(this.query)
  }

  /** The same as our own addresses carry it. */
  get query(): string {
    return queryOf(this.values, '&', '=')
  }

  /** Any of them as bytes, made once. */
  bytes(of: PrivacyText): Uint8Array {
    return (this.#bytes[of] ??= Buffer.from(this.#text(of), 'latin1'))
  }

  #text(of: PrivacyText): string {
    return of === 'innerQuery' || of === 'query' ? this[of] : this.values[of]
  }
}

let last: PrivacyMacros | undefined

function isSame(a: PrivacyValues, b: PrivacyValues): boolean {
  if (a.gdpr !== b.gdpr || a.gdprConsent !== b.gdprConsent) return false
  return a.usPrivacy === b.usPrivacy && a.gpp === b.gpp && a.gppSid === b.gppSid
}

function queryOf(values: PrivacyMacros['values'], and: string, is: string): string {
  const { gdpr, gdpr_consent, us_privacy, gpp, gpp_sid } = values
  const tcf = `${and}gdpr${is}${gdpr}${and}gdpr_consent${is}${gdpr_consent}`
  return `${tcf}${and}us_privacy${is}${us_privacy}${and}gpp${is}${gpp}${and}gpp_sid${is}${gpp_sid}`
}

/** Half a surrogate pair, which JSON can hold and no address can, becomes U+FFFD. */
function encode(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
}
