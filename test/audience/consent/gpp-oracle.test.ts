import { GppModel } from '@iabgpp/cmpapi'
import { describe, expect, test } from 'vitest'
import { GppString } from '../../../audience/consent/gpp-string.ts'
import {
  US_SECTION_FIRST,
  US_SECTION_LAST,
  UsField,
  usLayoutOf,
} from '../../../audience/consent/us-layouts.ts'
import { UsRule, usAnswer } from '../../../audience/consent/us-rules.ts'
import { ABSENT, UsSection } from '../../../audience/consent/us-section.ts'
import { type Random, seeded } from '../../support/random.ts'
import { ALPHABET, Bits } from './support/bits.ts'
import { rawUsFields } from './support/us-fields.ts'

// GPP strings that the IAB's library wrote must read as what was put in.

const SEED = Number(process.env['CONSENT_SEED'] ?? 20260401)
const ROUNDS = Number(process.env['CONSENT_ROUNDS'] ?? 40)
const US_IDS = Array.from(
  { length: US_SECTION_LAST - US_SECTION_FIRST + 1 },
  (_, i) => US_SECTION_FIRST + i,
)

describe('a US section', () => {
  test.each(US_IDS)(`%i reads as the library wrote it (seed ${SEED})`, (id) => {
    const random = seeded(SEED + id)
    const name = usLayoutOf(id, 2)!.name
    for (let i = 0; i < ROUNDS; i++) {
      const version = id === 7 && random.int(2) === 0 ? 1 : undefined
      const { text, values } = libraryText(id, random, version)
      const fields = rawUsFields(id, sectionText(text, id))
      for (const [field, value] of Object.entries(values))
        expect([fields[field]].flat(), `${name} ${field} of ${text}`).toEqual([value].flat())
    }
  })

  test.each(US_IDS)(`%i means in usnat what its fields say (seed ${SEED})`, (id) => {
    const random = seeded(SEED + 100 + id)
    for (let i = 0; i < ROUNDS; i++) {
      const { text, values } = libraryText(id, random)
      const section = new UsSection()
      const bytes = Buffer.from(sectionText(text, id))
      expect(section.read(id, bytes, 0, bytes.length), text).toBe(true)
      expect(section.isSound, text).toBe(true)
      for (const [field, value] of Object.entries(values))
        if (field in UsField && !Array.isArray(value))
          expect(section.fields[UsField[field as keyof typeof UsField]], field).toBe(Number(value))
      const sensitive = [values['SensitiveDataProcessing'] ?? []].flat() as number[]
      const meant = [...section.fields.subarray(UsField.Sensitive1)].filter((v) => v !== ABSENT)
      expect(new Set(meant)).toEqual(new Set(sensitive))
    }
  })

  test('of an unknown version, with unknown values or a longer core is not sound', () => {
    const section = new UsSection()
    const read = (id: number, text: string) =>
      section.read(id, Buffer.from(text), 0, text.length) && section.isSound
    expect(read(8, 'BVoAAABA.QA')).toBe(true)
    expect(read(8, 'CVoAAABA.QA'), 'version 2').toBe(false)
    expect(read(8, 'B_oAAABA.QA'), 'a value 3').toBe(false)
    expect(read(8, 'BVoAAABD.QA'), 'bits after the fields').toBe(false)
    expect(read(8, 'BVoAAABAA.QA'), 'zeros after the fields').toBe(true)
    expect(read(8, `BVoAAABA${'A'.repeat(64)}`), 'without end').toBe(false)
    expect(read(8, 'BVoAAA'), 'cut').toBe(false)
    expect(read(8, ''), 'empty').toBe(false)
    expect(read(8, '.QA'), 'no core').toBe(false)
    expect(read(8, 'BVoAAABA.'), 'empty sub-section').toBe(false)
    expect(read(8, 'BVoAAABA.gA'), 'another sub-section').toBe(false)
    expect(read(8, 'BVoAAABA.QA.QA'), 'two sub-sections').toBe(false)
    expect(read(8, 'BVo+AABA.QA'), 'a foreign character').toBe(false)
    expect(read(6, 'BVoAAABA'), 'no US section').toBe(false)
  })

  test(`never throws on random text (seed ${SEED})`, () => {
    const random = seeded(SEED + 7)
    const section = new UsSection()
    for (let i = 0; i < ROUNDS * 100; i++) {
      const letters = Array.from({ length: random.int(20) }, () =>
        random.pick([...ALPHABET, '.', '~']),
      )
      const bytes = Buffer.from(letters.join(''))
      section.read(random.int(30), bytes, 0, bytes.length)
      usAnswer(section.fields, UsRule.transmitUfpd)
    }
  })
})

describe('a GPP string', () => {
  test(`lists the sections that the library put in (seed ${SEED})`, () => {
    const random = seeded(SEED)
    for (let i = 0; i < ROUNDS * 3; i++) {
      const model = new GppModel()
      const ids = US_IDS.filter(() => random.int(3) === 0)
      for (const id of ids) model.setFieldValue(usLayoutOf(id, 2)!.name, 'SaleOptOut', 2)
      const text = model.encode()
      const gpp = read(text)!
      expect([...gpp.ids.subarray(0, gpp.count)], text).toEqual(ids)
      for (const id of ids)
        expect(sectionText(text, id)).toBe(model.encodeSection(usLayoutOf(id, 2)!.name))
    }
  })

  test.each([
    ['empty', ''],
    ['too short', 'DB'],
    ['of another type', 'CBABLA~CVVqAAAAAABA.QA'],
    ['of another version', 'DCABLA~CVVqAAAAAABA.QA'],
    ['with a cut header', 'DBAB~CVVqAAAAAABA.QA'],
    ['with fewer sections than listed', 'DBABLA'],
    ['with more sections than listed', 'DBABLA~CVVqAAAAAABA.QA~1YNN'],
    ['with a foreign character in its header', 'DBAB+A~CVVqAAAAAABA.QA'],
    ['with a range of ids without end', header([[7, 4_000]])],
  ])('%s is unreadable', (_, text) => {
    expect(read(text)).toBeUndefined()
  })

  test('may list ids singly and in ranges', () => {
    const text = `${header([[2], [4, 2], [10]])}~a~b~c~d~`
    const gpp = read(`${text}e`)!
    expect([...gpp.ids.subarray(0, gpp.count)]).toEqual([2, 6, 7, 8, 18])
    expect(gpp.indexOf(18)).toBe(4)
    expect(gpp.indexOf(9)).toBe(-1)
  })
})

type Values = Record<string, number | number[] | boolean>

/** A string with one section of random values; `version` 1 only where the library can write it. */
function libraryText(id: number, random: Random, version?: number) {
  const name = usLayoutOf(id, 2)!.name
  const model = new GppModel()
  if (version !== undefined) model.setFieldValue(name, 'Version', version)
  const values: Values = {}
  for (const [field, before] of Object.entries(fieldsOf(name))) {
    if (/Version|GpcSegmentType|Included/.test(field)) continue
    values[field] = randomLike(before, field, random, version)
    model.setFieldValue(name, field, values[field])
  }
  return { text: model.encode(), values }
}

function fieldsOf(name: string): Values {
  const model = new GppModel()
  model.setFieldValue(name, 'SaleOptOut', 0)
  return model.getSection(name) as Values
}

function randomLike(
  before: Values[string],
  field: string,
  random: Random,
  version: number | undefined,
): Values[string] {
  if (typeof before === 'boolean') return random.int(2) === 0
  if (!Array.isArray(before))
    return field === 'MspaCoveredTransaction' ? 1 + random.int(2) : random.int(3)
  const dropped = version !== 1 ? 0 : before.length === 16 ? 4 : 1
  return before.slice(dropped).map(() => random.int(3))
}

function sectionText(text: string, id: number): string {
  const gpp = read(text)!
  const at = gpp.indexOf(id)
  return text.slice(gpp.starts[at], gpp.ends[at])
}

function read(text: string): GppString | undefined {
  const bytes = Buffer.from(text)
  const gpp = new GppString()
  return gpp.read(bytes, 0, bytes.length) ? gpp : undefined
}

/** A header by hand: each entry a distance from the id before, or that and the length of a range. */
function header(entries: number[][]): string {
  const bits = new Bits().int(6, 3).int(6, 1).int(12, entries.length)
  for (const entry of entries) {
    bits.int(1, entry.length - 1)
    for (const number of entry) for (const bit of fibonacci(number)) bits.int(1, bit)
  }
  return bits.base64url()
}

function fibonacci(number: number): number[] {
  const terms = [1, 2]
  while (terms.at(-1)! <= number) terms.push(terms.at(-1)! + terms.at(-2)!)
  let left = number
  const bits = terms.map(() => 0)
  for (let i = terms.length - 1; i >= 0; i--)
    if (terms[i]! <= left) {
      bits[i] = 1
      left -= terms[i]!
    }
  return [...bits.slice(0, bits.lastIndexOf(1) + 1), 1]
}
