import { describe, expect, test } from 'vitest'
import { TC_STRING_CHARS_MAX } from '../../../audience/consent/limits.ts'
import { Restriction } from '../../../audience/consent/pub-restrictions.ts'
import { TcString } from '../../../audience/consent/tc-string.ts'
import { type TcModel, tcText } from './support/tc-writer.ts'

const FULL: TcModel = {
  created: '2026-04-01',
  lastUpdated: '2026-04-02',
  vlv: 203,
  policy: 5,
  purposes: [1, 2, 4, 24],
  li: [2, 7, 10],
  vendors: [2, 32, 40],
  liVendors: {
    maxId: 900,
    ranges: [
      [3, 3],
      [30, 33],
      [900, 900],
    ],
  },
  restrictions: [
    { purpose: 4, type: 0, ranges: [[32, 32]] },
    {
      purpose: 2,
      type: 1,
      ranges: [
        [1, 40],
        [77, 77],
      ],
    },
    { purpose: 2, type: 2, ranges: [[40, 41]] },
  ],
  disclosed: [32, 33],
  publisherCustomPurposes: 3,
}

describe('a TC string', () => {
  test('says what was written into it, bitfields and ranges alike', () => {
    const tc = read(tcText(FULL))!
    expect(tc.vendorListVersion).toBe(203)
    expect(tc.policyVersion).toBe(5)
    expect(tc.isServiceSpecific).toBe(true)
    expect(tc.purposeOneTreatment).toBe(false)
    expect(new Date(tc.createdMs).toISOString()).toBe('2026-04-01T00:00:00.000Z')
    expect(new Date(tc.lastUpdatedMs).toISOString()).toBe('2026-04-02T00:00:00.000Z')
    expect(numbers(24, (p) => tc.purposeConsent(p))).toEqual([1, 2, 4, 24])
    expect(numbers(24, (p) => tc.purposeLI(p))).toEqual([2, 7, 10])
    expect(numbers(1000, (v) => tc.vendorConsent(v))).toEqual([2, 32, 40])
    expect(numbers(1000, (v) => tc.vendorLI(v))).toEqual([3, 30, 31, 32, 33, 900])
    expect(numbers(1000, (v) => tc.disclosed(v))).toEqual([32, 33])
    expect(tc.restriction(4, 32)).toBe(Restriction.notAllowed)
    expect(tc.restriction(4, 33)).toBe(0)
    expect(tc.restriction(2, 40)).toBe(Restriction.requireConsent | Restriction.requireLI)
    expect(tc.restriction(2, 77)).toBe(Restriction.requireConsent)
  })

  test('holds nobody beyond its highest id, and no vendor 0', () => {
    const tc = read(tcText(FULL))!
    for (const vendor of [0, -1, 41, 65_535, 65_536, 2 ** 31])
      expect(tc.vendorConsent(vendor)).toBe(false)
  })

  test('without a disclosed segment discloses nobody, whatever was read before it', () => {
    const tc = read(tcText(FULL))!
    const { disclosed: _, ...without } = FULL
    const next = Buffer.from(tcText(without))
    expect(tc.read(next, 0, next.length)).toBe(true)
    expect(tc.hasDisclosed).toBe(false)
    expect(numbers(100, (v) => tc.disclosed(v))).toEqual([])
  })

  test('may have its other segments in any order', () => {
    const [core, disclosed, publisher] = tcText(FULL).split('.')
    const tc = read([core, publisher, disclosed].join('.'))!
    expect(tc.disclosed(33)).toBe(true)
  })

  test('cut anywhere is unreadable, but after its core and in the padding of a segment', () => {
    const { publisherCustomPurposes: _, ...model } = FULL
    const text = tcText(model)
    const core = text.indexOf('.')
    const readable = Array.from(text, (_letter, end) => end).filter((end) =>
      read(text.slice(0, end)),
    )
    expect(readable.every((end) => end === text.length - 1 || Math.abs(end - core) <= 1)).toBe(true)
    expect(readable).toContain(core)
  })

  test.each([
    ['empty', ''],
    ['of version 1', 'BONciguONcjGKADACHENAOCIAC0ta__AACiQABgAAYA'],
    ['of version 3', tcText({ ...FULL, version: 3 })],
    ['without its core', tcText(FULL).split('.').slice(1).join('.')],
    ['with two cores', `${tcText({})}.${tcText({})}`],
    ['with two disclosed segments', `${tcText(FULL)}.${tcText(FULL).split('.')[1]}`],
    ['with an empty segment', `${tcText({})}.`],
    ['with an empty segment between', tcText(FULL).replace('.', '..')],
    ['with an unknown segment', `${tcText({})}.gAAA`],
    ['with vendor 0', tcText({ vendors: { maxId: 9, ranges: [[0, 0]] } })],
    ['with a falling range', tcText({ vendors: { maxId: 9, ranges: [[5, 4]] } })],
    ['with a range beyond its highest id', tcText({ vendors: { maxId: 9, ranges: [[5, 10]] } })],
    [
      'with a falling restriction',
      tcText({ restrictions: [{ purpose: 2, type: 0, ranges: [[9, 3]] }] }),
    ],
    ['too long', `${tcText({})}${'A'.repeat(TC_STRING_CHARS_MAX)}`],
    ['a placeholder', '$' + '{GDPR_CONSENT_32}'],
    ['words', 'consent-string-that-was-never-made-by-anybody'],
  ])('%s is unreadable', (_, text) => {
    expect(read(text)).toBeUndefined()
  })

  test('with a foreign character never says yes where it stands', () => {
    const text = tcText({ vendors: all(300), liVendors: all(300), disclosed: all(300) })
    for (const foreign of ['+', '/', '=', ' ', '%', '\u0000', 'é'])
      for (let at = 0; at < text.length; at++) {
        const bytes = Buffer.from(text)
        if (bytes[at] === 0x2e) continue
        bytes[at] = Buffer.from(foreign).at(-1)!
        const tc = new TcString()
        if (!tc.read(bytes, 0, bytes.length)) continue
        const silent = [
          numbers(300, (v) => !tc.vendorConsent(v)),
          numbers(300, (v) => !tc.vendorLI(v)),
          numbers(300, (v) => !tc.disclosed(v)),
        ].flat()
        // Six bits, or fewer where the character is shared with what is never asked.
        expect(silent.length).toBeLessThanOrEqual(6)
      }
  })

  test('reads nothing outside its span', () => {
    const text = tcText(FULL)
    const bytes = Buffer.from(`.${text}.IAAA`)
    const watched = watch(bytes)
    const tc = new TcString()
    expect(tc.read(watched.bytes, 1, 1 + text.length)).toBe(true)
    for (let v = 0; v < 1000; v++) {
      tc.vendorConsent(v)
      tc.vendorLI(v)
      tc.disclosed(v)
      tc.restriction(2, v)
    }
    expect(watched.lowest()).toBeGreaterThanOrEqual(1)
    expect(watched.highest()).toBeLessThanOrEqual(text.length)
  })
})

function read(text: string): TcString | undefined {
  const bytes = Buffer.from(`"${text}"`)
  const tc = new TcString()
  return tc.read(bytes, 1, bytes.length - 1) ? tc : undefined
}

function numbers(max: number, is: (n: number) => boolean): number[] {
  return all(max).filter(is)
}

function all(max: number): number[] {
  return Array.from({ length: max }, (_, i) => i + 1)
}

/** Bytes that remember which of them were read one by one. */
function watch(bytes: Buffer) {
  let lowest = Number.POSITIVE_INFINITY
  let highest = -1
  const proxy = new Proxy(bytes, {
    get(target, key) {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (!Number.isNaN(index)) {
        lowest = Math.min(lowest, index)
        highest = Math.max(highest, index)
      }
      const value = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { bytes: proxy, lowest: () => lowest, highest: () => highest }
}
