import { TCString as Library, Segment, SegmentEncoder, TCModel } from '@iabtechlabtcf/core'
import { describe, expect, test } from 'vitest'
import { TcString } from '../../../audience/consent/tc-string.ts'
import { type Random, seeded } from '../../support/random.ts'
import { ALPHABET } from './support/bits.ts'
import { type FullTc, fullDecode } from './support/full-decode.ts'
import { type TcModel, tcText, type VendorsModel } from './support/tc-writer.ts'

// The lazy reader against the IAB's own library, and against a slow decoder that reads everything.

const SEED = Number(process.env['CONSENT_SEED'] ?? 20260401)
const ROUNDS = Number(process.env['CONSENT_ROUNDS'] ?? 300)

describe('the lazy TC reader', () => {
  test(`agrees with the library on strings the library wrote (seed ${SEED})`, () => {
    const random = seeded(SEED)
    for (let i = 0; i < ROUNDS; i++) {
      const text = libraryText(random)
      const tc = read(text)
      expect(tc, text).toBeDefined()
      expectSame(tc!, fromLibrary(Library.decode(text)), text)
    }
  })

  test(`agrees with the library on strings written here (seed ${SEED})`, () => {
    const random = seeded(SEED + 1)
    for (let i = 0; i < ROUNDS; i++) {
      const text = tcText(randomModel(random))
      const tc = read(text)
      expect(tc, text).toBeDefined()
      expectSame(tc!, fromLibrary(Library.decode(text)), text)
    }
  })

  test(`agrees with a full decoder on mutated strings (seed ${SEED})`, () => {
    const random = seeded(SEED + 2)
    let readable = 0
    for (let i = 0; i < ROUNDS * 10; i++) {
      const text = mutated(tcText(randomModel(random)), random)
      const tc = read(text)
      const full = fullDecode(text)
      expect(tc !== undefined, text).toBe(full !== undefined)
      if (tc === undefined || full === undefined) continue
      readable++
      expectSame(tc, full, text)
    }
    expect(readable).toBeGreaterThan(ROUNDS)
  })

  test(`never throws on random bytes (seed ${SEED})`, () => {
    const random = seeded(SEED + 3)
    const tc = new TcString()
    for (let i = 0; i < ROUNDS * 20; i++) {
      const bytes = Buffer.from(Array.from({ length: random.int(200) }, () => random.int(256)))
      if (random.int(2) === 0 && bytes.length > 0) bytes[0] = 0x43
      const start = random.int(bytes.length + 1)
      tc.read(bytes, start, start + random.int(bytes.length - start + 1))
      tc.vendorConsent(random.int(100))
      tc.restriction(random.int(24), random.int(100))
    }
  })
})

const SAMPLE = [...Array.from({ length: 90 }, (_, i) => i + 1), 127, 128, 500, 1199, 1200, 1201]

function expectSame(tc: TcString, full: FullTc, text: string): void {
  expect(said(tc), text).toEqual(saidByFull(full))
}

/** Everything the lazy reader can be asked, over a sample of vendors. */
function said(tc: TcString) {
  return {
    created: tc.createdMs,
    lastUpdated: tc.lastUpdatedMs,
    vlv: tc.vendorListVersion,
    policy: tc.policyVersion,
    isServiceSpecific: tc.isServiceSpecific,
    purposeOneTreatment: tc.purposeOneTreatment,
    purposes: PURPOSES.filter((p) => tc.purposeConsent(p)),
    li: PURPOSES.filter((p) => tc.purposeLI(p)),
    vendors: SAMPLE.filter((v) => tc.vendorConsent(v)),
    liVendors: SAMPLE.filter((v) => tc.vendorLI(v)),
    disclosed: tc.hasDisclosed ? SAMPLE.filter((v) => tc.disclosed(v)) : undefined,
    restricted: RESTRICTABLE.flatMap((p) =>
      SAMPLE.filter((v) => tc.restriction(p, v)).map((v) => `${p}/${v}:${tc.restriction(p, v)}`),
    ),
  }
}

const PURPOSES = Array.from({ length: 24 }, (_, i) => i + 1)
const RESTRICTABLE = PURPOSES.slice(0, 11)

function saidByFull(full: FullTc): ReturnType<typeof said> {
  const typesOf = (p: number, v: number) =>
    full.restrictions
      .filter((one) => one.purpose === p && one.type < 3 && one.vendors.has(v))
      .reduce((mask, one) => mask | (1 << one.type), 0)
  return {
    created: full.created,
    lastUpdated: full.lastUpdated,
    vlv: full.vlv,
    policy: full.policy,
    isServiceSpecific: full.isServiceSpecific,
    purposeOneTreatment: full.purposeOneTreatment,
    purposes: PURPOSES.filter((p) => full.purposes.has(p)),
    li: PURPOSES.filter((p) => full.li.has(p)),
    vendors: SAMPLE.filter((v) => full.vendors.has(v)),
    liVendors: SAMPLE.filter((v) => full.liVendors.has(v)),
    disclosed: full.disclosed && SAMPLE.filter((v) => full.disclosed!.has(v)),
    restricted: RESTRICTABLE.flatMap((p) =>
      SAMPLE.filter((v) => typesOf(p, v)).map((v) => `${p}/${v}:${typesOf(p, v)}`),
    ),
  }
}

function fromLibrary(model: TCModel): FullTc {
  const ids = (vector: Iterable<[number, boolean]>) =>
    new Set([...vector].filter(([, is]) => is).map(([id]) => id))
  const disclosed = ids(model.vendorsDisclosed)
  return {
    created: model.created.getTime(),
    lastUpdated: model.lastUpdated.getTime(),
    vlv: Number(model.vendorListVersion),
    policy: Number(model.policyVersion),
    isServiceSpecific: model.isServiceSpecific,
    purposeOneTreatment: model.purposeOneTreatment,
    purposes: ids(model.purposeConsents),
    li: ids(model.purposeLegitimateInterests),
    vendors: ids(model.vendorConsents),
    liVendors: ids(model.vendorLegitimateInterests),
    restrictions: model.publisherRestrictions.getRestrictions().map((one) => ({
      purpose: one.purposeId,
      type: one.restrictionType,
      vendors: new Set(model.publisherRestrictions.getVendors(one)),
    })),
    disclosed: disclosed.size > 0 ? disclosed : undefined,
  }
}

/** A string that the library's encoder made, with dense and sparse vendors (it picks the form). */
function libraryText(random: Random): string {
  const model = new TCModel()
  Object.assign(model, { cmpId: 31, cmpVersion: 1, consentScreen: 1, policyVersion: 5 })
  Object.assign(model, { vendorListVersion_: 1 + random.int(4000) })
  model.isServiceSpecific = random.int(2) === 0
  model.purposeOneTreatment = random.int(2) === 0
  model.purposeConsents.set(some(random, PURPOSES))
  model.purposeLegitimateInterests.set(some(random, PURPOSES))
  model.vendorConsents.set(vendorIds(random))
  model.vendorLegitimateInterests.set(vendorIds(random))
  model.vendorsDisclosed.set([1, ...vendorIds(random)])
  const segments = [Segment.CORE, Segment.VENDORS_DISCLOSED, Segment.PUBLISHER_TC]
  return segments.map((one) => SegmentEncoder.encode(model, one)).join('.')
}

function randomModel(random: Random): TcModel {
  const day = (from: number) => new Date(Date.UTC(2020 + from, random.int(12), 1 + random.int(28)))
  const restrictions = Array.from({ length: random.pick([0, 0, 0, 1, 2, 5]) }, (_, i) => ({
    // The library keeps one entry per purpose and type: so does this.
    purpose: 1 + i * 2,
    type: random.int(3),
    ranges: rangesOf(random, 1 + random.int(4)),
  }))
  return {
    created: day(random.int(7)).toISOString(),
    lastUpdated: day(random.int(7)).toISOString(),
    vlv: 1 + random.int(4000),
    policy: 2 + random.int(5),
    isServiceSpecific: random.int(4) > 0,
    purposeOneTreatment: random.int(4) === 0,
    purposes: some(random, PURPOSES),
    li: some(random, PURPOSES),
    vendors: vendorsModel(random),
    liVendors: vendorsModel(random),
    restrictions,
    ...(random.int(2) === 0 ? { disclosed: [1, ...vendorIds(random)] } : {}),
    ...(random.int(3) === 0 ? { publisherCustomPurposes: random.int(10) } : {}),
  }
}

function vendorsModel(random: Random): VendorsModel {
  if (random.int(2) === 0) return vendorIds(random)
  const ranges = rangesOf(random, random.int(12))
  return { maxId: Math.max(0, ...ranges.map(([, last]) => last)), ranges }
}

function rangesOf(random: Random, count: number): [number, number][] {
  return Array.from({ length: count }, () => {
    const first = 1 + random.int(1200)
    return [first, first + (random.int(2) === 0 ? 0 : random.int(40))]
  })
}

function vendorIds(random: Random): number[] {
  const max = random.pick([0, 5, 40, 130, 1200])
  return some(
    random,
    Array.from({ length: max }, (_, i) => i + 1),
  )
}

function some(random: Random, list: readonly number[]): number[] {
  const share = random.pick([0.02, 0.5, 0.95])
  return list.filter(() => random() < share)
}

/** One to three changes within the alphabet: a letter replaced, inserted or left out, a cut, a dot. */
function mutated(text: string, random: Random): string {
  let out = text
  for (let left = 1 + random.int(3); left > 0; left--) {
    const at = random.int(out.length + 1)
    const letter = random.int(6) === 0 ? '.' : ALPHABET[random.int(64)]!
    const kept = random.pick([0, 1, 1, 2])
    if (random.int(12) === 0) out = out.slice(0, at)
    else out = out.slice(0, at) + (kept === 2 ? '' : letter) + out.slice(at + (kept === 0 ? 0 : 1))
  }
  return out
}

function read(text: string): TcString | undefined {
  const bytes = Buffer.from(`"${text}"..`)
  const tc = new TcString()
  return tc.read(bytes, 1, 1 + text.length) ? tc : undefined
}
