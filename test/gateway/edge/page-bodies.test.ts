import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EDGE_LIMITS } from '../../../gateway/edge/limits.ts'
import { PageBodies } from '../../../gateway/edge/page-bodies.ts'
import { type CookieSyncBody, readCookieSync } from '../../../gateway/edge/read-cookie-sync.ts'

// Bodies that are known by those of other visitors of a page, held against an oracle that knows none: each parsed by itself.

const text = fc.oneof(
  fc.constantFrom('', '1YNN', 'CPxyz-_.A', 'a"b', 'a\\b', 'é', '\n', '},{"gdpr":1', '\ud800'),
  fc.string(),
)
const eids = fc.array(
  fc.record({ source: text, uids: fc.array(fc.record({ id: text }), { maxLength: 2 }) }),
  { maxLength: 2 },
)
/** What a page says, and what a visitor does; in the order in which one page has it. */
const page = fc.record(
  {
    bidders: fc.array(fc.constantFrom('north', 'south', 'N]'), { maxLength: 3 }),
    account: fc.constantFrom('news', ''),
    coopSync: fc.boolean(),
    limit: fc.constantFrom(0, 5),
    debug: fc.boolean(),
    filterSettings: fc.constantFrom({}, { image: { bidders: '*', filter: 'include' } }),
  },
  { requiredKeys: [] },
)
const said = fc.record(
  {
    uuid: text,
    gdpr: fc.constantFrom<unknown>(0, 1, 10, '1', null, 2),
    gdpr_consent: fc.oneof(text, fc.constantFrom(null, 7)),
    us_privacy: text,
    gpp: text,
    gpp_sid: text,
    gpc: fc.constantFrom<unknown>(0, 1, '1', true),
    eids: fc.oneof(eids, fc.constantFrom<unknown>(null, 'x', [1])),
  },
  { requiredKeys: [] },
)
/** What happens to bytes on their way: some are others, some are missing. */
const bent = fc.tuple(
  fc.nat(),
  fc.constantFrom('', '"', '\\', '}', '1', '\u0001', '\xff'),
  fc.nat(2),
)

describe('a body of /cookie_sync', () => {
  test('says what it says by itself, whatever other visitors of the page said before', () => {
    const visits = fc.array(fc.tuple(said, fc.option(bent)), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(page, visits, fc.constantFrom(undefined, 1), (asked, all, indent) => {
        const bodies = new PageBodies()
        for (const [words, bend] of all) {
          const bytes = Buffer.from(JSON.stringify({ ...words, ...asked }, undefined, indent))
          const sent = bend === null ? bytes : bentAt(bytes, bend)
          expect(told(() => bodies.read(sent))).toEqual(told(() => readCookieSync(sent)))
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('is of the same page where it differs in what one visitor says alone', () => {
    const bodies = new PageBodies()
    const pageOf = (more: object) => bodies.read(bytesOf({ bidders: ['a', 'b'], ...more })).page
    const one = pageOf({ uuid: '1', gdpr: 1, gdpr_consent: 'CP', eids: [] })
    expect(pageOf({ uuid: '22', gdpr: 0, gdpr_consent: '', eids: [{}] })).toBe(one)
    expect(pageOf({ uuid: '1', gdpr: 1, gdpr_consent: 'CP', eids: [], limit: 1 })).not.toBe(one)
    expect(bodies.read(bytesOf({ bidders: ['a', 'c'], uuid: '1' })).page).not.toBe(one)
  })

  test('says nothing by a name that every object has', () => {
    const bodies = new PageBodies()
    for (const text of ['a', 'b']) {
      const sent = Buffer.from(JSON.stringify({ limit: 5, constructor: text, toString: text }))
      expect(bodies.read(sent)).toEqual(readCookieSync(sent))
    }
  })

  test('of more pages, or longer than are kept, is read all the same', () => {
    const bodies = new PageBodies()
    for (let i = 0; i < EDGE_LIMITS.pagesKept + 10; i++) {
      const { page } = bodies.read(bytesOf({ bidders: [`p${i}`] }))
      expect(page.bidders).toEqual([`p${i}`])
    }
    const long = bytesOf({ bidders: ['x'.repeat(EDGE_LIMITS.keptBodyBytesMax)] })
    expect(bodies.read(long).page.bidders).toEqual(bodies.read(long).page.bidders)
  })
})

const bytesOf = (body: object) => Buffer.from(JSON.stringify(body))

function bentAt(bytes: Buffer, [at, by, less]: [number, string, number]): Buffer {
  const place = at % (bytes.length + 1)
  const rest = bytes.subarray(Math.min(place + less, bytes.length))
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(by, 'latin1'), rest])
}

function told(read: () => CookieSyncBody): unknown {
  try {
    return read()
  } catch (error) {
    return `${error}`
  }
}
