import { describe, expect, test } from 'vitest'
import type { Activity } from '../../../audience/consent/activities.ts'
import { ConsentReading } from '../../../audience/consent/consent-reading.ts'
import { decide } from '../../../audience/consent/decide.ts'
import { ConsentReasons } from '../../../audience/consent/reasons.ts'
import { BidFacts, Kind, Signal } from '../../../proto/bid-facts.ts'
import { type Random, seeded } from '../../support/random.ts'
import { ALPHABET } from './support/bits.ts'
import { factsOf } from './support/facts.ts'
import { fullDecode } from './support/full-decode.ts'
import { tcText } from './support/tc-writer.ts'

// Whatever a request says: an answer, never an exception, and never a yes that a careful reader would not give.

const SEED = Number(process.env['CONSENT_SEED'] ?? 20260401)
const ROUNDS = Number(process.env['CONSENT_ROUNDS'] ?? 2_000)

describe('consent', () => {
  test(`answers every request with 0 or a reason (seed ${SEED})`, () => {
    const random = seeded(SEED)
    const reading = new ConsentReading()
    for (let i = 0; i < ROUNDS; i++) {
      const json = randomRequest(random)
      reading.read(factsOf(json), { gdprDefault: random.pick([0, 1]) })
      expectAnswer(reading, random, json)
    }
  })

  test(`answers for signals whose spans hold random bytes (seed ${SEED})`, () => {
    const random = seeded(SEED + 1)
    const reading = new ConsentReading()
    for (let i = 0; i < ROUNDS; i++) {
      const facts = new BidFacts()
      facts.reset(Buffer.from(Array.from({ length: 300 }, () => random.int(256))))
      for (let left = random.int(12); left > 0; left--) {
        const start = random.int(300)
        const end = start + random.int(300 - start)
        facts.signals.add(1 + random.int(12), 1 + random.int(8), start, end)
      }
      reading.read(facts, { gdprDefault: random.pick([0, 1]) })
      expectAnswer(reading, random, `round ${i}`)
    }
  })

  test(`that is denied stays denied when more protection is asked for (seed ${SEED})`, () => {
    const random = seeded(SEED + 2)
    const reading = new ConsentReading()
    const answer = (json: string) => {
      reading.read(factsOf(json), { gdprDefault: 0 })
      return decide(reading, 'enrich', 32, undefined, undefined)
    }
    for (let i = 0; i < ROUNDS; i++) {
      const json = randomRequest(random)
      if (answer(json) === 0) continue
      const more = random.pick(['"coppa":1', '"gdpr":1', '"gpc":"1"', '"us_privacy":"1YYN"'])
      const flag = random.pick(['"coppa":0', '"gpc":0', '"us_privacy":"1YNN"', '"us_privacy":""'])
      expect(answer(json.replace(/}$/, `,"regs":{${more}}}`)), json).not.toBe(0)
      expect(answer(json.replace(/}$/, `,"regs":{${flag}}}`)), json).not.toBe(0)
    }
  })

  test(`never allows by a mutated TC string what a full decoder would not (seed ${SEED})`, () => {
    const random = seeded(SEED + 3)
    const facts = new BidFacts()
    const reading = new ConsentReading()
    let allowed = 0
    for (let i = 0; i < ROUNDS * 4; i++) {
      const text = mutated(tcText(mostlyAllowing(random)), random)
      facts.reset(Buffer.from(`1"${text}"`))
      facts.signals.add(Signal.gdpr, Kind.number, 0, 1)
      facts.signals.add(Signal.consent, Kind.text, 2, 2 + text.length)
      reading.read(facts, { gdprDefault: 0 })
      if (decide(reading, 'enrich', 32, undefined, undefined) !== 0) continue
      allowed++
      expect(permits(text, 32), text).toBe(true)
    }
    expect(allowed).toBeGreaterThan(ROUNDS / 2)
  })
})

function expectAnswer(reading: ConsentReading, random: Random, about: string): void {
  const activity: Activity = random.pick([
    'collect',
    'enrich',
    'sync',
    'transmit',
    'activate',
    'sell',
  ])
  const answer = decide(reading, activity, random.pick([undefined, 1, 32, 5_000]), 7, undefined)
  expect(answer === 0 || answer in ConsentReasons, `${answer}: ${about}`).toBe(true)
}

/** Purpose 4 for a vendor under policy 5, by the slow decoder. */
function permits(text: string, vendor: number): boolean {
  const tc = fullDecode(text)
  if (tc === undefined || tc.vlv === 0) return false
  const isForbidden = tc.restrictions.some(
    (one) => one.purpose === 4 && one.vendors.has(vendor) && (one.type === 0 || one.type === 2),
  )
  const mustDisclose = tc.policy >= 5 || tc.lastUpdated >= Date.UTC(2026, 2, 1)
  if (mustDisclose && !tc.disclosed?.has(vendor)) return false
  return !isForbidden && tc.purposes.has(4) && tc.vendors.has(vendor)
}

function mostlyAllowing(random: Random) {
  const vendors = Array.from({ length: 60 }, (_, i) => i + 1).filter(
    (v) => v === 32 || random.int(3),
  )
  const ranges: [number, number][] = [
    [2, 9],
    [30, 34],
    [60, 60],
  ]
  return {
    purposes: [1, 2, 3, 4],
    vendors: random.int(2) === 0 ? vendors : { maxId: 60, ranges },
    liVendors: vendors,
    disclosed: random.int(2) === 0 ? vendors : { maxId: 60, ranges },
    restrictions:
      random.int(3) === 0
        ? [{ purpose: 4, type: random.int(4), ranges: [[20, 31]] as [number, number][] }]
        : [],
  }
}

/** A letter replaced (also by a foreign one), or a letter inserted or left out, or a cut. */
function mutated(text: string, random: Random): string {
  const at = random.int(text.length + 1)
  const letter = random.pick([...ALPHABET, '.', '.'])
  switch (random.int(5)) {
    case 0:
      return text.slice(0, at) + letter + text.slice(at)
    case 1:
      return text.slice(0, at) + text.slice(at + 1)
    case 2:
      return text.slice(0, at)
    default:
      return text.slice(0, at) + letter + text.slice(at + 1)
  }
}

const TEXTS = [
  '',
  '1',
  '0',
  '1YYN',
  '1YNN',
  'FRA',
  'USA',
  'DBABLA~CVVqAAAAAABA.QA',
  'DBABLA~CVVaAAAAAABA.QA',
  'DBACNYA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN',
  '\\u0043PXx',
  'é',
  '$',
  tcText({ purposes: [1, 3, 4], vendors: [1, 7, 32], disclosed: [1, 7, 32] }),
  tcText({ purposes: [1] }),
]

function randomRequest(random: Random): string {
  const value = (depth: number): string => {
    switch (random.int(depth > 2 ? 6 : 8)) {
      case 0:
        return random.pick(['0', '1', '-1', '2', '7', '0.0', '1e0', '2.0', '-0', '6', '1e400'])
      case 1:
        return random.pick(['true', 'false', 'null'])
      case 2:
      case 3:
      case 4:
        return `"${random.pick(TEXTS)}"`
      case 5:
        return random.pick(['[7]', '[2,6]', '[2]', '["7"]', '[]', '[[]]', '{}', '[null]'])
      case 6:
        return `[${value(depth + 1)},${value(depth + 1)}]`
      default:
        return `{"a":${value(depth + 1)}}`
    }
  }
  const some = (names: string[]) =>
    names.filter(() => random.int(3) === 0).map((name) => `"${name}":${value(0)}`)
  const object = (members: string[]) => `{${members.join()}}`
  const regs = ['coppa', 'gdpr', 'us_privacy', 'gpp', 'gpp_sid', 'gpc']
  const members = [
    '"id":"1"',
    `"regs":${random.int(8) ? object([...some(regs), `"ext":${object(some(regs))}`]) : value(0)}`,
    `"user":${object([...some(['consent']), `"ext":${object(some(['consent']))}`, `"geo":${object(some(['country']))}`])}`,
    `"device":${object([...some(['lmt', 'dnt']), `"ext":${object(some(['atts']))}`, `"geo":${object(some(['country']))}`])}`,
  ]
  return object(members.filter((_, i) => i === 0 || random.int(3) > 0))
}
