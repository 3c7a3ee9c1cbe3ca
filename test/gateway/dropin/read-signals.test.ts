import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Bid } from '../../../gateway/bid/bid.ts'
import { SignalsReader } from '../../../gateway/dropin/read-signals.ts'
import { Query } from '../../../gateway/edge/query.ts'
import { BidFacts, Id, Kind, Signal } from '../../../proto/bid-facts.ts'
import { RequestPlaces } from '../../../proto/request-places.ts'
import { textOf } from '../../../proto/text.ts'

const reader = new SignalsReader(
  { uid: ({ start, end }, { ids }) => ids.add(Id.buyeruid, Kind.text, start, end) },
  { id: ({ start, end }, { ids }) => ids.add(Id.userId, Kind.text, start, end) },
)

function read(query: string): BidFacts {
  const facts = new BidFacts()
  const bid = { facts, places: new RequestPlaces() } as Bid
  expect(reader.read(bid, query)).toBeUndefined()
  return facts
}

/** What was noted of a field, as text, in order. */
function told({ bytes, signals, ids }: BidFacts, list: 'signals' | 'ids', field: number): string[] {
  const { count, field: fields, start, end } = list === 'signals' ? signals : ids
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => fields[i] === field)
    .map((i) => textOf(bytes, Kind.text, start[i]!, end[i]!))
}

function kinds({ signals: { count, field, kind } }: BidFacts, wanted: number): number[] {
  return [...kind.subarray(0, count)].filter((_, i) => field[i] === wanted)
}

const TEXTS = {
  gdpr_consent: Signal.consent,
  country: Signal.deviceCountry,
  us_privacy: Signal.usPrivacy,
  gpp: Signal.gpp,
  gpc: Signal.gpc,
}
const FLAGS = [
  ['gdpr', Signal.gdpr],
  ['lmt', Signal.lmt],
] as const
const NAMES = [...Object.keys(TEXTS), 'gdpr', 'lmt', 'uid', 'id', 'ui', 'idx', 'gdpr_consens', '']

/** As clients write them: as they are, in percent-encoding, or wrongly; and what is no text of ASCII. */
const name = fc.oneof(
  fc.constantFrom(...NAMES),
  fc
    .constantFrom(...NAMES)
    .map((one) => one.replace(/[di]/, (c) => `%${c.charCodeAt(0).toString(16)}`)),
)
const value = fc.oneof(
  fc.stringMatching(/^[\w.~:+=-]{0,12}$/),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((one) => encodeURIComponent(one)),
  fc.constantFrom('0', '1', '%zz', '%', '€', 'é%20', '$%7BUID%7D', '{uid}', '%25%25UID%25%25', '{'),
)
const part = fc.oneof(
  fc.tuple(name, value).map(([key, one]) => `${key}=${one}`),
  name,
  fc.constant(''),
)
const query = fc.array(part, { maxLength: 12 }).map((parts) => parts.join('&'))

const isMacro = (text: string) => /^\$?\{[^{}]*\}$|^%%[^%]*%%$/.test(text)
const given = (texts: string[]) => texts.filter((text) => text !== '' && !isMacro(text))

test('a query says what its parameters say, decoded: of privacy and ids all, of the rest the first', () => {
  fc.assert(
    fc.property(query, (raw) => {
      const facts = read(raw)
      const asked = new Query(raw)
      for (const [key, signal] of Object.entries(TEXTS))
        expect([...new Set(told(facts, 'signals', signal))]).toEqual(given(asked.all(key)))
      expect(told(facts, 'ids', Id.buyeruid)).toEqual(given([asked.get('uid')]))
      expect([...new Set(told(facts, 'ids', Id.userId))]).toEqual(given(asked.all('id')))
      for (const [key, signal] of FLAGS)
        expect(new Set(kinds(facts, signal))).toEqual(
          new Set(given(asked.all(key)).map((said) => (said === '0' ? Kind.false : Kind.true))),
        )
    }),
    { numRuns: 500 },
  )
})

test('sections are read as Prebid Server Java prints them, and nothing else is taken apart', () => {
  const sections = (said: string) => told(read(`gpp_sid=${said}`), 'signals', Signal.gppSid)
  expect(sections('6,7')).toEqual(['6,7'])
  expect(sections('Optional[7]')).toEqual(['7'])
  expect(sections('Optional%5B7,8%5D')).toEqual(['7,8'])
  expect(sections('Optional.empty')).toEqual([])
  for (const said of ['Optional[]', 'Optional[seven]', 'Optional', 'Optional[7]]'])
    expect(sections(said)).toEqual([said])
})

test('a query longer than any door takes is refused whole, so that no privacy signal is cut off', () => {
  const bid = { facts: new BidFacts(), places: new RequestPlaces() } as Bid
  expect(reader.read(bid, `uid=${'a'.repeat(20_000)}&gdpr=1`)).toBe('too_large')
})
