import { describe, expect, test } from 'vitest'
import type { ConsentAnswer } from '../../../audience/consent/reasons.ts'
import { US_FIELDS_COUNT, UsField, usLayoutOf } from '../../../audience/consent/us-layouts.ts'
import { UsRule, usAnswer } from '../../../audience/consent/us-rules.ts'
import { ABSENT } from '../../../audience/consent/us-section.ts'
import { Bits } from './support/bits.ts'
import { answerTo } from './support/facts.ts'

// Prebid's default US rules, one field at a time, away from a person who was told all and opted out of nothing.

type Name = keyof typeof UsField | `Sensitive${number}`
type Change = Partial<Record<Name, number>>

const CLEAN: Change = {
  SharingNotice: 1,
  SaleOptOutNotice: 1,
  SharingOptOutNotice: 1,
  TargetedAdvertisingOptOutNotice: 1,
  SensitiveDataProcessingOptOutNotice: 1,
  SensitiveDataLimitUseNotice: 1,
  SaleOptOut: 2,
  SharingOptOut: 2,
  TargetedAdvertisingOptOut: 2,
}

/** What each change does to syncUser, transmitUfpd, transmitPreciseGeo: + allowed, - not. */
const TABLE: [Change, string][] = [
  [{}, '+++'],
  [{ MspaServiceProviderMode: 1 }, '---'],
  [{ MspaServiceProviderMode: 2 }, '+++'],
  [{ MspaMode: 2 }, '---'],
  [{ MspaMode: 1 }, '+++'],
  [{ Gpc: 1 }, '---'],
  [{ Gpc: 0 }, '+++'],
  [{ SaleOptOut: 1 }, '--+'],
  [{ SharingOptOut: 1 }, '--+'],
  [{ TargetedAdvertisingOptOut: 1 }, '--+'],
  [{ SaleOptOutNotice: 2 }, '--+'],
  [{ SharingNotice: 2 }, '--+'],
  [{ SharingOptOutNotice: 2 }, '--+'],
  [{ TargetedAdvertisingOptOutNotice: 2 }, '--+'],
  [{ SaleOptOutNotice: 0 }, '--+'],
  [{ SaleOptOutNotice: 0, SaleOptOut: 0 }, '+++'],
  [{ SharingNotice: 0 }, '--+'],
  [{ SharingOptOutNotice: 0 }, '--+'],
  [{ SharingNotice: 0, SharingOptOutNotice: 0, SharingOptOut: 0 }, '+++'],
  [{ TargetedAdvertisingOptOutNotice: 0 }, '--+'],
  [{ KnownChild1: 1 }, '---'],
  [{ KnownChild1: 2 }, '+++'],
  [{ KnownChild2: 1 }, '---'],
  [{ KnownChild2: 2 }, '---'],
  [{ KnownChild3: 1 }, '---'],
  [{ KnownChild3: 2 }, '+++'],
  [{ StateChild: 1 }, '---'],
  [{ StateChild: 2 }, '---'],
  [{ StateChild: 0 }, '+++'],
  [{ PersonalDataConsents: 2 }, '---'],
  [{ PersonalDataConsents: 1 }, '+++'],
  [{ SensitiveDataProcessingOptOutNotice: 2 }, '+--'],
  [{ SensitiveDataLimitUseNotice: 2 }, '+--'],
  ...[1, 2, 3, 4, 5, 11, 13, 15].flatMap((n): [Change, string][] => [
    [{ [`Sensitive${n}`]: 1 }, '+-+'],
    [{ [`Sensitive${n}`]: 2 }, '+++'],
    [{ [`Sensitive${n}`]: 2, SensitiveDataLimitUseNotice: 0 }, '+-+'],
    [{ [`Sensitive${n}`]: 2, SensitiveDataProcessingOptOutNotice: 0 }, '+-+'],
  ]),
  ...[6, 7, 9, 10, 12, 14, 16].flatMap((n): [Change, string][] => [
    [{ [`Sensitive${n}`]: 1 }, '+-+'],
    [{ [`Sensitive${n}`]: 2 }, '+-+'],
    [{ [`Sensitive${n}`]: 0 }, '+++'],
  ]),
  [{ Sensitive8: 1 }, '++-'],
  [{ Sensitive8: 2 }, '+++'],
  [{ Sensitive8: 2, SensitiveDataLimitUseNotice: 0 }, '++-'],
]

describe('the US rules', () => {
  test.each(TABLE.map(([change, expected]) => [JSON.stringify(change), change, expected] as const))(
    '%s',
    (_, change, expected) => {
      const fields = fieldsOf({ ...CLEAN, ...change })
      const rules = [UsRule.syncUser, UsRule.transmitUfpd, UsRule.transmitPreciseGeo]
      expect(rules.map((rule) => (usAnswer(fields, rule) === 0 ? '+' : '-')).join('')).toBe(
        expected,
      )
    },
  )

  test('find nothing against a section that has no fields at all', () => {
    expect(usAnswer(fieldsOf({}), UsRule.transmitUfpd)).toBe(0)
  })
})

describe('a state section', () => {
  test.each([
    ['usde', 17, { SaleOptOut: 1 }, 'denied_gpp_opt_out'],
    ['usde', 17, { TargetedAdvertisingOptOut: 1 }, 'denied_gpp_opt_out'],
    ['usde', 17, { SaleOptOutNotice: 2 }, 'denied_gpp_notice'],
    ['usde', 17, { KnownChildSensitiveDataConsents: [0, 0, 0, 0, 1] }, 'denied_gpp_child'],
    // Its fifth category is usnat's 16th; its ninth is geolocation, which does not matter here.
    ['usde', 17, { SensitiveDataProcessing: [0, 0, 0, 0, 2] }, 'denied_gpp_sensitive'],
    ['usde', 17, { SensitiveDataProcessing: [0, 0, 0, 0, 0, 0, 0, 0, 1] }, 0],
    ['usor', 15, { SensitiveDataProcessing: [0, 0, 0, 0, 0, 0, 0, 2] }, 'denied_gpp_sensitive'],
    ['usor', 15, { SensitiveDataProcessing: [0, 0, 0, 0, 0, 2, 2] }, 0],
    ['usor', 15, { SensitiveDataProcessing: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }, 0],
    [
      'usnj',
      21,
      { SensitiveDataProcessing: [0, 0, 0, 0, 0, 0, 0, 0, 0, 2] },
      'denied_gpp_sensitive',
    ],
    ['usia', 18, { SensitiveDataOptOutNotice: 2 }, 'denied_gpp_sensitive'],
    ['usca', 8, { SensitiveDataProcessing: [0, 0, 1] }, 0],
    ['usca', 8, { SensitiveDataProcessing: [0, 0, 0, 1] }, 'denied_gpp_sensitive'],
    ['usut', 11, { SensitiveDataProcessing: [0, 0, 0, 0, 1] }, 'denied_gpp_sensitive'],
    ['usky', 26, { MspaMode: 2 }, 'denied_gpp_service_provider'],
    ['usky', 26, { MspaMode: 1 }, 0],
    ['usmd', 24, { SaleOptOut: 1 }, 'denied_gpp_opt_out'],
    // A field that usnat has no name for is not asked.
    ['usde', 17, { ProcessingNotice: 2 }, 0],
    ['usde', 17, { AdditionalDataProcessingConsent: 1 }, 0],
  ] as [string, number, Record<string, number | number[]>, ConsentAnswer][])(
    '%s (%i) with %j',
    (_, id, values, answer) => {
      expect(answerTo(stateRequest(id, values))).toBe(answer)
    },
  )

  test('that carries Global Privacy Control in a sub-section denies', () => {
    for (const id of [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]) {
      expect(answerTo(stateRequest(id, {}, 'YA')), String(id)).toBe('denied_gpp_gpc')
      expect(answerTo(stateRequest(id, {}, 'QA')), String(id)).toBe(0)
    }
  })

  test('that keeps sensitive consents in a sub-section is asked for them', () => {
    for (const id of [25, 26, 27]) {
      expect(answerTo(stateRequest(id, {}, 'AAA'))).toBe(0)
      expect(answerTo(stateRequest(id, {}, 'QAA')), 'racial: no consent').toBe(
        'denied_gpp_sensitive',
      )
      expect(answerTo(stateRequest(id, {}, 'ACA')), 'genetic: consent').toBe('denied_gpp_sensitive')
      expect(answerTo(stateRequest(id, {}, 'AA')), 'cut').toBe('denied_gpp_unreadable')
    }
  })
})

function fieldsOf(change: Change): Uint8Array {
  const fields = new Uint8Array(US_FIELDS_COUNT).fill(ABSENT)
  for (const [name, value] of Object.entries(change) as [string, number][]) {
    const sensitive = /^Sensitive(\d+)$/.exec(name)
    const at = sensitive
      ? UsField.Sensitive1 + Number(sensitive[1]) - 1
      : UsField[name as keyof typeof UsField]
    fields[at] = value
  }
  return fields
}

/** A request whose one section has these values by its own field names; what is not given is 0. */
function stateRequest(
  id: number,
  values: Record<string, number | number[]>,
  subsection?: string,
): object {
  const layout = usLayoutOf(id, 1)!
  const bits = new Bits().int(6, layout.version)
  const taken: Record<string, number> = {}
  for (const name of layout.slots) {
    const i = (taken[name] = (taken[name] ?? -1) + 1)
    bits.int(2, [values[name] ?? []].flat()[i] ?? 0)
  }
  const section = subsection === undefined ? bits.base64url() : `${bits.base64url()}.${subsection}`
  return { regs: { gpp: `${headerOf(id)}~${section}`, gpp_sid: [id] } }
}

/** One single id: the header's type, version, one entry, and the id as a Fibonacci code. */
function headerOf(id: number): string {
  const terms = [1, 2, 3, 5, 8, 13, 21]
  const code = terms.map(() => 0)
  let left = id
  for (let i = terms.length - 1; i >= 0; i--)
    if (terms[i]! <= left) {
      code[i] = 1
      left -= terms[i]!
    }
  const bits = new Bits().int(6, 3).int(6, 1).int(12, 1).int(1, 0)
  for (const bit of [...code.slice(0, code.lastIndexOf(1) + 1), 1]) bits.int(1, bit)
  return bits.base64url()
}
