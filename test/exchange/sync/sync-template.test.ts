import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerBytes } from '../../../exchange/sync/answer-bytes.ts'
import { PrivacyMacros, type PrivacyValues } from '../../../exchange/sync/privacy-macros.ts'
import { STATE_CHARS } from '../../../exchange/sync/sync-state.ts'
import { FORMAT_OF, SyncTemplate, type SyncType } from '../../../exchange/sync/sync-template.ts'
import { corpusPath } from '../../support/corpus.ts'

// What is made once and kept is held against an oracle that knows no shortcuts: each macro replaced where it stands.

interface Address {
  url: string
  type: SyncType
  userMacro: string
}

const edgeUrl = 'https://edge.test'
const [partner, key] = ['north-dsp', 'north']
const OWN: Address[] = [
  { url: 'https://a.example/?r={redirect}', type: 'redirect', userMacro: '$UID' },
  {
    url: 'https://a.example/?g={gdpr}&c={gdpr_consent}&r={redirect}&z',
    type: 'iframe',
    userMacro: '',
  },
  {
    url: 'https://a.example/"\\{us_privacy}{redirect}{redirect}',
    type: 'redirect',
    userMacro: '"<>"',
  },
  { url: 'https://a.example/{gpp}/{gpp_sid}/{gpp}', type: 'redirect', userMacro: '{UID}' },
  { url: 'https://a.example/none', type: 'iframe', userMacro: '$UID' },
  {
    url: 'https://a.example/?u={uid}&t={ts}&s={sig}&r={redirect}',
    type: 'redirect',
    userMacro: '$U',
  },
]
const said = fc.record({
  gdpr: fc.constantFrom('', '0', '1'),
  gdprConsent: fc.oneof(fc.constant(''), fc.base64String(), fc.string({ unit: 'binary' })),
  usPrivacy: fc.constantFrom('', '1YNN', '1---'),
  gpp: fc.oneof(fc.constantFrom('', 'DBABTA~1YN-'), fc.string()),
  gppSid: fc.constantFrom('', '6', '2,6'),
})
const state = fc.stringMatching(/^[\w-]{40}$/)

describe('an address of a partner', () => {
  test('is filled as each macro by itself says, whatever others said before and after', () => {
    const addresses = [...OWN, ...corpusAddresses()]
    const templates = addresses.map((one) => templateOf(one))
    const some = fc.array(fc.tuple(said, state, fc.nat(addresses.length - 1)), { maxLength: 60 })
    fc.assert(
      fc.property(some, (visits) => {
        for (const [values, its, at] of visits) {
          const url = expected(addresses[at]!, values, its)
          const privacy = PrivacyMacros.of(values)
          expect(templates[at]!.shown(privacy, its)).toBe(url)
          const usersync = { url, type: addresses[at]!.type }
          const entry = { bidder: partner, no_cookie: true, usersync }
          expect(JSON.parse(entryOf(templates[at]!, privacy, its))).toEqual(entry)
        }
      }),
    )
  })

  test('is filled at once for two visitors who say the same, each with a state of its own', () => {
    const template = templateOf(OWN[0]!)
    const values = { gdpr: '1', gdprConsent: 'CP', usPrivacy: '', gpp: '', gppSid: '' }
    const [one, other] = [PrivacyMacros.of(values), PrivacyMacros.of({ ...values })]
    expect(other).toBe(one)
    for (const [privacy, letter] of [
      [one, 'a'],
      [other, 'b'],
      [one, 'c'],
    ] as const) {
      const its = letter.repeat(STATE_CHARS)
      expect(entryOf(template, privacy, its)).toContain(`%26s%3D${its}%26`)
    }
    expect(PrivacyMacros.of({ ...values, gpp: 'DBAA' })).not.toBe(one)
  })
})

test('half a surrogate pair in what is said becomes a character that an address can hold', () => {
  const values = { gdpr: '', gdprConsent: 'x\ud800', usPrivacy: '', gpp: '', gppSid: '' }
  expect(PrivacyMacros.of(values).values.gdpr_consent).toBe(encodeURIComponent('x\ufffd'))
})

function templateOf({ url, type, userMacro }: Address): SyncTemplate {
  return new SyncTemplate(url, { type, edgeUrl, partner, key, userMacro })
}

function expected({ url, type, userMacro }: Address, values: PrivacyValues, its: string): string {
  const encoded = {
    gdpr: encodeURIComponent(values.gdpr),
    gdpr_consent: encodeURIComponent(Buffer.from(values.gdprConsent).toString()),
    us_privacy: encodeURIComponent(values.usPrivacy),
    gpp: encodeURIComponent(values.gpp),
    gpp_sid: encodeURIComponent(values.gppSid),
  }
  const query = Object.entries(encoded).map(([name, text]) => `&${name}=${text}`)
  if (/\{(uid|ts|sig)\}/.test(url))
    return `${edgeUrl}/sync?bidder=${key}&f=${FORMAT_OF[type]}&s=${its}${query.join('')}`
  const way = `${edgeUrl}/setuid?bidder=${key}${query.join('')}&f=${FORMAT_OF[type]}&s=${its}`
  const redirect = encodeURIComponent(`${way}&uid=${userMacro}`)
  const macros: Record<string, string> = { ...encoded, redirect }
  return url.replace(/\{(\w+)\}/g, (macro, name) => macros[name] ?? macro)
}

/** Real partners' addresses, where they are at hand. */
function corpusAddresses(): Address[] {
  const path = corpusPath('sync/usersync-templates.json')
  if (path === undefined) return []
  const { templates } = JSON.parse(readFileSync(path, 'utf8')) as { templates: Address[] }
  const names = ['GDPR', 'GDPRConsent', 'USPrivacy', 'GPP', 'GPPSID', 'RedirectURL']
  const macros = ['gdpr', 'gdpr_consent', 'us_privacy', 'gpp', 'gpp_sid', 'redirect']
  return templates.map(({ url, type, userMacro }) => ({
    url: names.reduce((text, name, i) => text.replaceAll(`{{.${name}}}`, `{${macros[i]}}`), url),
    type,
    userMacro: userMacro ?? '',
  }))
}

/** The entry, behind another one and between other states. */
function entryOf(template: SyncTemplate, privacy: PrivacyMacros, its: string): string {
  const chars = Buffer.from(`${'x'.repeat(STATE_CHARS)}${its}${'y'.repeat(STATE_CHARS)}`)
  const into = new AnswerBytes().begin().text('[')
  template.writeEntry(into, privacy, { chars, at: STATE_CHARS })
  return Buffer.from(into.written()).toString().slice(1)
}
