import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decide, purposeAnswer } from '../../../audience/consent/decide.ts'
import { GppString } from '../../../audience/consent/gpp-string.ts'
import { loadGvl } from '../../../audience/consent/gvl.ts'
import { Declared, legalBasis } from '../../../audience/consent/legal-basis.ts'
import type { ConsentAnswer } from '../../../audience/consent/reasons.ts'
import { TcString } from '../../../audience/consent/tc-string.ts'
import { usLayoutOf } from '../../../audience/consent/us-layouts.ts'
import { readUsPrivacy, UsPrivacy } from '../../../audience/consent/us-privacy.ts'
import { UsRule, usAnswer } from '../../../audience/consent/us-rules.ts'
import { UsSection } from '../../../audience/consent/us-section.ts'
import { corpusPath } from '../../support/corpus.ts'
import { answerTo, readingOf } from './support/facts.ts'
import { rawUsFields } from './support/us-fields.ts'

// Strings and truth tables that others published; the own cases beside this file cover the same ground.

const path = corpusPath('consent/consent.json')

describe.skipIf(path === undefined)('published consent strings', () => {
  const cases = casesIn<Case>('consent.json')

  test.each(named(cases.filter((one) => one.kind.startsWith('tcf'))))('%s', (_, one) => {
    const bytes = Buffer.from(one.string)
    const tc = new TcString()
    const isReadable = tc.read(bytes, 0, bytes.length)
    if (!one.valid || one.kind === 'tcf1') {
      expect(answerTo({ regs: { gdpr: 1 }, user: { consent: one.string } })).toMatch(/^denied_tcf_/)
      return
    }
    expect(isReadable).toBe(true)
    expectTc(tc, one.expected)
    if (one.oracle_iabtechlabtcf_1_5_21) expectTc(tc, one.oracle_iabtechlabtcf_1_5_21)
  })

  test.each(named(cases.filter((one) => one.kind === 'gpp')))('%s', (_, one) => {
    const bytes = Buffer.from(one.string)
    const gpp = new GppString()
    const isReadable = gpp.read(bytes, 0, bytes.length)
    if (!one.valid) {
      const named = isReadable ? [...gpp.ids.subarray(0, gpp.count)] : [7]
      expect(answerTo({ regs: { gpp: one.string, gpp_sid: named } })).toMatch(/^denied_gpp_/)
      return
    }
    expect(isReadable).toBe(true)
    expect([...gpp.ids.subarray(0, gpp.count)]).toEqual(one.expected['sectionIds'])
    for (const [id, text] of Object.entries(one.expected['sections'] ?? {}))
      expect(sectionText(gpp, one.string, Number(id))).toBe(text)
    for (let i = 0; i < gpp.count; i++) expectUs(gpp, i, one)
  })

  test.each(named(cases.filter((one) => one.kind.startsWith('gpp-section-'))))('%s', (_, one) => {
    const id = sectionIdOf(one.kind.slice('gpp-section-'.length))
    expect(rawUsFields(id, one.string)).toMatchObject(one.expected)
  })

  test.each(named(cases.filter((one) => one.kind === 'usp')))('%s', (_, one) => {
    const bytes = Buffer.from(one.string)
    const read = readUsPrivacy(bytes, 0, bytes.length)
    if (one.valid && one.string !== '')
      expect(read).toBe(one.expected['optOutSale'] ? UsPrivacy.optedOut : UsPrivacy.notOptedOut)
    else expect(read).not.toBe(UsPrivacy.notOptedOut)
  })
})

describe.skipIf(path === undefined)('published GPP truth table', () => {
  test.each(named(casesIn<GppCase>('gpp-activity-cases.json')))('%s', (_, one) => {
    const request = { regs: { gpp: one.gpp, gpp_sid: one.gppSid } }
    const old = { regs: { ext: request.regs } }
    for (const asked of [request, old]) {
      expect(answerTo(asked, { activity: 'enrich' }) === 0).toBe(one.allow.transmitUfpd)
      expect(answerTo(asked, { activity: 'sync' }) === 0).toBe(one.allow.syncUser)
    }
    expect(geoAnswer(one) === 0).toBe(one.allow.transmitPreciseGeo)
  })
})

describe.skipIf(path === undefined)('published TCF enforcement table', () => {
  const cases = casesIn<EnforcementCase>('tcf-enforcement.json')

  test.each(named(cases))('%s', (_, one) => {
    const bytes = Buffer.from(one.consent)
    const tc = new TcString()
    expect(tc.read(bytes, 0, bytes.length)).toBe(true)
    for (const [purpose, name, declarations] of VENDOR_32)
      expect(
        declarations.some((declared) => prebidAllows(tc, purpose, declared, one)),
        name,
      ).toBe(one.expected[name])
  })

  test('with everything enforced, the product is never more lenient', () => {
    for (const one of cases) {
      const tc = new TcString()
      const bytes = Buffer.from(one.consent)
      tc.read(bytes, 0, bytes.length)
      const strict = { ...one, config: STRICT, overrides: NO_OVERRIDES }
      for (const [purpose, , declarations] of VENDOR_32)
        for (const declared of declarations)
          if (purposeAnswer(tc, purpose, one.vendorId, declared) === 0)
            expect(prebidAllows(tc, purpose, declared, strict)).toBe(true)
    }
  })
})

describe.skipIf(path === undefined)('the published vendor list', () => {
  test('is read whole', async () => {
    const gvl = await loadGvl(corpusPath('consent/vendor-list.json')!)
    expect([gvl.specification, gvl.version, gvl.vendors]).toEqual([3, 17, 691])
    const file = JSON.parse(readFileSync(corpusPath('consent/vendor-list.json')!, 'utf8'))
    for (const vendor of Object.values<ListedVendor>(file.vendors))
      for (let purpose = 1; purpose <= 11; purpose++)
        expect(gvl.declared(vendor.id, purpose)).toBe(
          vendor.deletedDate
            ? 0
            : (vendor.purposes.includes(purpose) ? Declared.consent : 0) +
                (vendor.legIntPurposes.includes(purpose) ? Declared.legitimateInterest : 0) +
                (vendor.flexiblePurposes.includes(purpose) ? Declared.flexible : 0),
        )
    expect(decide(readingOf({}), 'enrich', undefined, undefined, gvl)).toBe(0)
  })
})

interface Case {
  string: string
  kind: string
  valid: boolean
  source: string
  expected: Record<string, unknown>
  oracle_iabtechlabtcf_1_5_21?: Record<string, unknown>
}
interface GppCase {
  description: string
  gpp: string
  gppSid: number[]
  allow: { syncUser: boolean; transmitUfpd: boolean; transmitPreciseGeo: boolean }
}
interface EnforcementCase {
  test: string
  description: string
  consentName: string
  consent: string
  vendorId: number
  config: { enforcePurpose: boolean; enforceVendors: boolean; vendorException: boolean }
  overrides: { enforcePurpose: boolean; enforceVendors: boolean; blockVendorExceptions: boolean }
  expected: Record<string, boolean>
}
interface ListedVendor {
  id: number
  purposes: number[]
  legIntPurposes: number[]
  flexiblePurposes: number[]
  deletedDate?: string
}

const STRICT = { enforcePurpose: true, enforceVendors: true, vendorException: false }
const NO_OVERRIDES = { enforcePurpose: false, enforceVendors: false, blockVendorExceptions: false }

/** The table's vendor; its third purpose is declared flexible only, which Prebid takes as either basis. */
const VENDOR_32: [number, string, number[]][] = [
  [1, 'purpose1_consentOnly', [Declared.consent]],
  [2, 'purpose2_LI', [Declared.legitimateInterest]],
  [
    3,
    'purpose3_flexible',
    [Declared.consent | Declared.flexible, Declared.legitimateInterest | Declared.flexible],
  ],
]

/** Prebid Server's full enforcement: what is not enforced, or excepted, need not be in the string. */
function prebidAllows(
  tc: TcString,
  purpose: number,
  declared: number,
  { vendorId, config, overrides }: EnforcementCase,
): boolean {
  if (tc.restriction(purpose, vendorId) === 1) return false
  if (config.vendorException && !overrides.blockVendorExceptions) return true
  const purposes = config.enforcePurpose || overrides.enforcePurpose
  const vendors = config.enforceVendors || overrides.enforceVendors
  if (!purposes && !vendors) return true
  switch (legalBasis(tc, purpose, vendorId, declared)) {
    case 'consent':
      return (!purposes || tc.purposeConsent(purpose)) && (!vendors || tc.vendorConsent(vendorId))
    case 'legitimate_interest':
      return (!purposes || tc.purposeLI(purpose)) && (!vendors || tc.vendorLI(vendorId))
    default:
      return false
  }
}

function expectTc(tc: TcString, expected: Record<string, unknown>): void {
  const facts: Record<string, unknown> = {
    vendorListVersion: tc.vendorListVersion,
    tcfPolicyVersion: tc.policyVersion,
    isServiceSpecific: tc.isServiceSpecific,
    purposeOneTreatment: tc.purposeOneTreatment,
  }
  for (const [name, value] of Object.entries(facts))
    if (name in expected) expect(value, name).toBe(expected[name])
  for (const [name, ms] of [
    ['created', tc.createdMs],
    ['lastUpdated', tc.lastUpdatedMs],
  ] as const)
    if (expected[name]) expect(ms, name).toBe(Date.parse(String(expected[name])))
  const lists: Record<string, (id: number) => boolean> = {
    purposesConsent: (id) => tc.purposeConsent(id),
    purposesLI: (id) => tc.purposeLI(id),
    vendorsConsent: (id) => tc.vendorConsent(id),
    vendorsLI: (id) => tc.vendorLI(id),
    vendorsDisclosed: (id) => tc.disclosed(id),
  }
  for (const [name, is] of Object.entries(lists))
    if (Array.isArray(expected[name])) expectIds(name, is, expected[name] as number[])
  for (const id of (expected['disclosedHas'] ?? []) as number[]) expect(tc.disclosed(id)).toBe(true)
  for (const id of (expected['disclosedNot'] ?? []) as number[])
    expect(tc.disclosed(id)).toBe(false)
  expectRestrictions(tc, expected)
}

function expectIds(name: string, is: (id: number) => boolean, ids: number[]): void {
  const max = name.startsWith('purposes') ? 24 : 5_000
  const found = Array.from({ length: max }, (_, i) => i + 1).filter(is)
  expect(found, name).toEqual(ids)
}

function expectRestrictions(tc: TcString, expected: Record<string, unknown>): void {
  const restrictions = (expected['pubRestrictions'] ?? []) as {
    purpose: number
    type: number
    vendors: number[]
  }[]
  for (const one of restrictions)
    for (const vendor of one.vendors)
      expect(tc.restriction(one.purpose, vendor) & (1 << one.type)).toBeGreaterThan(0)
  for (const [purpose, type, vendor] of (expected['notRestricted'] ?? []) as number[][])
    expect(tc.restriction(purpose!, vendor!) & (1 << type!)).toBe(0)
}

function geoAnswer(one: GppCase): ConsentAnswer {
  const [id = 0] = one.gppSid
  const bytes = Buffer.from(one.gpp)
  const gpp = new GppString()
  const section = new UsSection()
  gpp.read(bytes, 0, bytes.length)
  const at = gpp.indexOf(id)
  expect(section.read(id, bytes, gpp.starts[at]!, gpp.ends[at]!)).toBe(true)
  return usAnswer(section.fields, UsRule.transmitPreciseGeo)
}

/** The fields the case asserts for a US section, by the section's own field names. */
function expectUs(gpp: GppString, i: number, one: Case): void {
  const name = usLayoutOf(gpp.ids[i]!, 0)?.name
  const expected = name === undefined ? undefined : one.expected[name]
  if (expected === undefined) return
  const fields = rawUsFields(gpp.ids[i]!, sectionText(gpp, one.string, gpp.ids[i]!))
  // Of a list of one some sources speak as of its value.
  for (const [field, value] of Object.entries(expected as object))
    expect([fields[field]].flat(), field).toEqual([value].flat())
}

function sectionText(gpp: GppString, text: string, id: number): string {
  const at = gpp.indexOf(id)
  return text.slice(gpp.starts[at], gpp.ends[at])
}

function sectionIdOf(name: string): number {
  for (let id = 7; id <= 27; id++) if (usLayoutOf(id, 1)?.name === name) return id
  throw new Error(`no section ${name}`)
}

/** The cases of a corpus file: a list, or an object that holds one. */
function casesIn<T>(name: string): T[] {
  const file = corpusPath(`consent/${name}`)
  if (file === undefined) return []
  const read = JSON.parse(readFileSync(file, 'utf8'))
  return Array.isArray(read) ? read : read.cases
}

function named<T extends object>(cases: T[]): [string, T][] {
  return cases.map((one, i) => {
    const { kind, source, description, consentName } = one as Record<string, string>
    return [`${i} ${kind ?? ''} ${description ?? source} ${consentName ?? ''}`.trim(), one]
  })
}
