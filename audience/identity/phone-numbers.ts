import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js'

/**
 * A telephone number in E.164, with its plus; undefined where it is none that could exist. `country` (ISO 3166-1
 * alpha-2) says how to read one without a country code; without it, such digits are taken to begin with one.
 */
export function e164Of(raw: string, country?: string): string | undefined {
  const text = raw.trim()
  const international = text.replace(/^00(?=[1-9])/, '+')
  if (international.startsWith('+')) return possible(international, undefined)
  const national = possible(text, country)
  return national ?? (/^\(?0/.test(text) ? undefined : possible(`+${text}`, undefined))
}

function possible(text: string, country: string | undefined): string | undefined {
  if (country === undefined && !text.startsWith('+')) return undefined
  const region = country?.toUpperCase()
  if (region !== undefined && !isSupportedCountry(region)) return undefined
  const number = parsePhoneNumberFromString(text, region as CountryCode | undefined)
  return number?.isPossible() === true && number.ext === undefined ? number.number : undefined
}
