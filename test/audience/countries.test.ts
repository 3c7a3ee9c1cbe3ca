import { expect, test } from 'vitest'
import {
  alpha3Of,
  COUNTRIES,
  COUNTRIES_COUNT,
  COUNTRY_ABSENT,
  COUNTRY_OTHER,
  countryIn,
  countryOf,
  EEA,
  EU,
  isGdprCountry,
  isGdprRegion,
} from '../../audience/countries.ts'

test('every alpha-3 code has an index of its own, and it leads back', () => {
  const indexes = [...COUNTRIES].map((code) => countryOf(code))
  expect(new Set(indexes).size).toBe(COUNTRIES.size)
  expect(Math.min(...indexes)).toBe(2)
  expect(Math.max(...indexes)).toBe(COUNTRIES_COUNT - 1)
  for (const code of COUNTRIES) expect(alpha3Of(countryOf(code))).toBe(code)
})

test('alpha-2, lower case and common aliases mean the same country', () => {
  for (const text of ['DEU', 'deu', 'DE', 'de', 'De']) expect(alpha3Of(countryOf(text))).toBe('DEU')
  expect(alpha3Of(countryOf('UK'))).toBe('GBR')
  expect(alpha3Of(countryOf('el'))).toBe('GRC')
})

test('whatever names no country is one class', () => {
  for (const text of [
    'ZZ',
    'XXX',
    'D',
    'DE1',
    'D\0E',
    'DE ',
    'Germany',
    '276',
    '€',
    'ÄÖÜ',
    '@@',
    '[[',
  ])
    expect(countryOf(text), text).toBe(COUNTRY_OTHER)
  expect(countryOf('')).toBe(COUNTRY_ABSENT)
  expect(countryOf(undefined)).toBe(COUNTRY_ABSENT)
})

test('bytes are read like text, and nothing beyond the span', () => {
  const bytes = Buffer.from('DEUxFRA')
  for (let start = 0; start <= bytes.length; start++)
    for (let end = start; end <= bytes.length; end++)
      expect(countryIn(bytes, start, end)).toBe(countryOf(bytes.toString('latin1', start, end)))
})

test('the GDPR or its sisters apply in the EEA, the UK and Switzerland', () => {
  for (const text of ['DEU', 'fr', 'ISL', 'LIE', 'NOR', 'GBR', 'uk', 'CHE', 'REU'])
    expect(isGdprCountry(text), text).toBe(true)
  for (const text of ['USA', 'us', 'TUR', 'SRB', 'CAN', '', 'EU', 'nowhere'])
    expect(isGdprCountry(text), text).toBe(false)
  for (const region of ['EU', 'eea', 'UK', 'CH', 'DE']) expect(isGdprRegion(region)).toBe(true)
  expect(isGdprRegion('US')).toBe(false)
})

test('the EU has 27 members, and the EEA three countries more', () => {
  const parts = ['ALA', 'GLP', 'GUF', 'MAF', 'MTQ', 'MYT', 'REU']
  expect([...EU].filter((code) => !parts.includes(code))).toHaveLength(27)
  expect([...EEA].filter((code) => !EU.has(code))).toEqual(['ISL', 'LIE', 'NOR'])
  for (const code of EEA) expect(COUNTRIES.has(code)).toBe(true)
})
