import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BidFacts, Id, Kind, Signal } from '../../proto/bid-facts.ts'
import { LIMITS } from '../../proto/limits.ts'
import { IMPS_MAX, RequestPlaces } from '../../proto/request-places.ts'
import { ScanOutcome } from '../../proto/scan-outcome.ts'
import { scanRequest } from '../../proto/scan-request.ts'
import { corpusLines, corpusPath } from '../support/corpus.ts'
import { parseOrdered, plainOf } from '../support/ordered-json.ts'
import { ACCEPTED_VALUES, REFUSED_VALUES } from './json-cases.ts'
import { OWN_REQUESTS } from './own-requests.ts'
import { disagreement } from './scan-oracle.ts'

const facts = new BidFacts()
const places = new RequestPlaces()
const scan = (body: string | Uint8Array) =>
  scanRequest(typeof body === 'string' ? Buffer.from(body) : body, facts, places)

/** The text of every span of one field. */
const texts = (list: BidFacts['ids'], field: number) =>
  Array.from({ length: list.count }, (_, i) => i)
    .filter((i) => list.field[i] === field)
    .map((i) => Buffer.from(facts.bytes.subarray(list.start[i], list.end[i])).toString())

describe('the scanner accepts what RFC 8259 accepts', () => {
  it.each(ACCEPTED_VALUES.map((v) => [v.toString('latin1'), v]))('accepts %j', (_, value) => {
    for (const body of around(value as Buffer)) {
      expect(scan(body)).toBe(ScanOutcome.ok)
      expect(disagreement(body)).toBeUndefined()
    }
  })

  it.each(REFUSED_VALUES.map((v) => [v.toString('latin1'), v]))('refuses %j', (_, value) => {
    for (const body of around(value as Buffer)) {
      expect(scan(body)).toBe(ScanOutcome.malformed)
      expect(disagreement(body)).toBeUndefined()
    }
  })

  it('refuses every prefix of a request, and every request with something after it', () => {
    for (const request of OWN_REQUESTS) {
      const body = Buffer.from(request.trim())
      for (let end = 0; end < body.length; end++)
        expect(scan(body.subarray(0, end))).toBe(ScanOutcome.malformed)
      for (const tail of ['x', '{}', ',', '\0', '\u00a0', ']'])
        expect(scan(Buffer.concat([body, Buffer.from(tail)]))).toBe(ScanOutcome.malformed)
    }
  })

  it('refuses every byte that cannot stand in UTF-8, in a key, a text and outside', () => {
    const seconds = [0x22, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    for (let first = 0x80; first <= 0xff; first++)
      for (const second of seconds)
        for (const tail of [[], [0x80], [0x80, 0x80], [0xbf, 0xbf]])
          for (const body of around(quoted(Buffer.from([first, second, ...tail]))))
            expect(disagreement(body)).toBeUndefined()
  })

  it('refuses every control byte in a text', () => {
    for (let byte = 0; byte < 0x20; byte++)
      for (const at of [0, 1, 2, 3, 4, 5])
        expect(scan(`{"id":"${'x'.repeat(at)}${String.fromCharCode(byte)}xxxxx"}`)).toBe(
          ScanOutcome.malformed,
        )
  })

  it('goes as deep as its limit and no deeper', () => {
    const nested = (depth: number, open: string, close: string) =>
      `{"id":"1","x":${open.repeat(depth - 1)}${close.repeat(depth - 1)}}`
    expect(scan(nested(LIMITS.jsonDepthMax, '[', ']'))).toBe(ScanOutcome.ok)
    expect(scan(nested(LIMITS.jsonDepthMax + 1, '[', ']'))).toBe(ScanOutcome.tooDeep)
    expect(scan(`${'{"a":'.repeat(63)}{}${'}'.repeat(63)}`)).toBe(ScanOutcome.noId)
    expect(scan('['.repeat(200_000))).toBe(ScanOutcome.tooDeep)
    expect(scan('{"a":'.repeat(40_000))).toBe(ScanOutcome.tooDeep)
  })

  it('takes a body of its greatest length and none longer', () => {
    const body = (bytes: number) => `{"id":"${'x'.repeat(bytes - 9)}"}`
    expect(scan(body(LIMITS.jsonBytesMax))).toBe(ScanOutcome.ok)
    expect(scan(body(LIMITS.jsonBytesMax + 1))).toBe(ScanOutcome.tooLong)
    expect(scan('{"id":"')).toBe(ScanOutcome.malformed)
  })

  it('asks for an object with an id', () => {
    for (const body of ['1', '"id"', '[]', 'null', ' [{"id":"1"}] '])
      expect(scan(body)).toBe(ScanOutcome.notObject)
    for (const body of [
      '{}',
      '{"id":null}',
      '{"id":""}',
      '{"x":{"id":"1"}}',
      '{"id":"1","id":null}',
      '{"ID":"1"}',
    ])
      expect(scan(body)).toBe(ScanOutcome.noId)
    for (const body of [
      '{"id":0}',
      '{"id":[]}',
      '{"id":{}}',
      '{"id":false}',
      '{"id":" "}',
      '{"id":"","id":"1"}',
      '{"\\u0069d":"1"}',
      '{"id":"\\u0000"}',
    ])
      expect(scan(body)).toBe(ScanOutcome.ok)
  })
})

describe('the scanner finds what stands where', () => {
  it.each(OWN_REQUESTS)('as the slow parser does: %s', (request) => {
    const bytes = Buffer.from(request)
    expect(plainOf(parseOrdered(bytes), bytes)).toEqual(JSON.parse(request))
    expect(disagreement(bytes)).toBeUndefined()
  })

  it('keeps privacy signals of both placements, in the order met', () => {
    scan('{"id":"1","regs":{"ext":{"gdpr":1,"gpp_sid":[2, 6]},"gdpr":0},"regs":{"gdpr":"1"}}')
    expect(texts(facts.signals, Signal.gdpr)).toEqual(['1', '0', '1'])
    expect(texts(facts.signals, Signal.gppSid)).toEqual(['[2, 6]'])
    expect([...facts.signals.kind.subarray(0, 4)]).toEqual([
      Kind.number,
      Kind.array,
      Kind.number,
      Kind.text,
    ])
    expect(places.regs.count).toBe(2)
  })

  it('keeps ids as written, and says where each EID begins and ends', () => {
    scan('{"id":"1","user":{"eids":[{"uids":[{"id":"x"},{"id":2}],"source":"s"},{}]}}')
    expect(texts(facts.ids, Id.eid)).toEqual(['{"uids":[{"id":"x"},{"id":2}],"source":"s"}', '{}'])
    expect(texts(facts.ids, Id.eidUid)).toEqual(['x', '2'])
    expect(texts(facts.ids, Id.eidSource)).toEqual(['s'])
  })

  it('reads tmax and test by value, however they are written', () => {
    const tmax = (lexeme: string) => {
      scan(`{"id":"1","tmax":${lexeme}}`)
      return facts.tmaxMs
    }
    expect(['120', '0', '1e2', '120.0', '2147483648', '-0'].map(tmax)).toEqual([
      120, 0, 100, 120, 2147483648, 0,
    ])
    for (const lexeme of ['-1', '1.5', '"120"', '2147483649', '1e400', 'null', '[1]'])
      expect(tmax(lexeme)).toBe(-1)
    const test = (lexeme: string) => {
      scan(`{"id":"1","test":${lexeme}}`)
      return facts.test
    }
    expect(['1', 'true', '1.0', '10e-1'].map(test)).toEqual([true, true, true, true])
    expect(['0', 'false', '"1"', 'null', '2', '[1]'].map(test)).not.toContain(true)
  })

  it('lists imps up to its bound, still checks the rest, and forgets those of the last request', () => {
    const imps = (n: number) => `{"id":"1","imp":[${Array(n).fill('{"id":"i"}').join(',')}]}`
    expect(scan(imps(IMPS_MAX + 5))).toBe(ScanOutcome.ok)
    expect(places.impCount).toBe(IMPS_MAX)
    expect(scan(imps(IMPS_MAX + 5).replace(/i"}]}$/, 'i}]}'))).toBe(ScanOutcome.malformed)
    scan('{"id":"1","imp":[{}]}')
    expect([places.impCount, places.imps[0]!.idStart, places.imps[0]!.pmp.count]).toEqual([
      1, -1, 0,
    ])
    scan('{"id":"1","imp":[{},{}],"imp":null}')
    expect([places.impCount, places.imp.count, places.imp.kind]).toEqual([0, 2, Kind.null])
  })

  it('says that it overflowed rather than dropping signals in silence', () => {
    scan(`{"id":"1","regs":{${Array(70).fill('"gdpr":0').join(',')},"gdpr":1}}`)
    expect(facts.signals.overflowed).toBe(true)
    scan('{"id":"1"}')
    expect([facts.signals.overflowed, facts.signals.count]).toEqual([false, 0])
  })

  it('reads bytes that begin anywhere in their buffer', () => {
    for (let offset = 0; offset < 9; offset++) {
      const shifted = Buffer.from(`${'!'.repeat(offset)}${OWN_REQUESTS[2]}`).subarray(offset)
      expect(disagreement(shifted)).toBeUndefined()
    }
  })
})

describe.skipIf(corpusPath('openrtb/requests.ndjson') === undefined)('requests of others', () => {
  it('are read as JSON.parse reads them', () => {
    const requests = corpusLines('openrtb/requests.ndjson')
    for (const request of requests) expect(disagreement(request)).toBeUndefined()
    expect(requests.filter((request) => scan(request) === ScanOutcome.ok).length).toBe(
      requests.length - 1,
    )
  })

  it('that are refused elsewhere, or are no JSON, are told apart', () => {
    for (const line of corpusLines('openrtb/negative.ndjson'))
      expect(disagreement(Buffer.from(JSON.parse(line.toString()).raw))).toBeUndefined()
    for (const name of ['appnexus_allfields_req.json', 'garbage.txt']) {
      const body = readFileSync(corpusPath(`openrtb/malformed/${name}`)!)
      expect(disagreement(body)).toBeUndefined()
      expect(scan(body)).toBe(ScanOutcome.malformed)
    }
  })
})

const quoted = (inside: Buffer) => Buffer.concat([Buffer.from('"'), inside, Buffer.from('"')])

/** The value at known and unknown places, with and without white space around it. */
function around(value: Buffer): Buffer[] {
  const frames = ['{"id":1,"x":#}', '{"user":{"data": # },"id":1}', '{"id":1,"ext":[0,\n#\t]}']
  return frames.map((frame) => {
    const [before, after] = frame.split('#') as [string, string]
    return Buffer.concat([Buffer.from(before), value, Buffer.from(after)])
  })
}
