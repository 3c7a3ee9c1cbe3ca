import { describe, expect, test } from 'vitest'
import { ConsentReading } from '../../../audience/consent/consent-reading.ts'
import { ConsentReasons } from '../../../audience/consent/reasons.ts'
import { BidFacts, Kind, SIGNALS_MAX, Signal } from '../../../proto/bid-facts.ts'
import { answerTo, readingOf } from './support/facts.ts'
import { tcText } from './support/tc-writer.ts'

// What a bid request says about privacy, signal by signal, in both placements and where they disagree.

const YES = tcText({ purposes: [1, 3, 4], vendors: [32], disclosed: [32] })
const NO_PURPOSE = tcText({ purposes: [1], vendors: [32], disclosed: [32] })
const gpp = {
  allows: 'DBABLA~CVVqAAAAAABA.QA',
  optsOut: 'DBABLA~CVVaAAAAAABA.QA',
  tcf: (text: string) => `DBABMA~${text}`,
  usp: (text: string) => `DBABTA~${text}`,
}

/** Values that mean yes (or may), no, and nothing for a yes-or-no signal. */
const ON = [1, true, '1', 'true', 2, -1, 0.5, [], {}, 'x', [0]]
const OFF = [0, false, '0', 'false', 'FALSE', -0]
const UNSET = [null, '']

describe('without any signal', () => {
  test('everything is allowed', () => {
    expect(answerTo({})).toBe(0)
    expect(answerTo({ regs: {}, user: {}, device: { geo: {} } }, { gvlId: undefined })).toBe(0)
    expect(readingOf({}).ifaUsable).toBe(true)
  })
})

describe.each([
  ['COPPA', 'denied_coppa', (v: unknown) => ({ regs: { coppa: v } })],
  ['COPPA in ext', 'denied_coppa', (v: unknown) => ({ regs: { ext: { coppa: v } } })],
  ['lmt', 'denied_lmt', (v: unknown) => ({ device: { lmt: v } })],
  ['dnt', 'denied_dnt', (v: unknown) => ({ device: { dnt: v } })],
  ['GPC', 'denied_gpc', (v: unknown) => ({ regs: { gpc: v } })],
  ['GPC in ext', 'denied_gpc', (v: unknown) => ({ regs: { ext: { gpc: v } } })],
])('%s', (_, reason, request) => {
  test('that is on denies, in whatever type it is on', () => {
    for (const value of ON) expect(answerTo(request(value)), JSON.stringify(value)).toBe(reason)
  })

  test('that is off, null or empty does not', () => {
    for (const value of [...OFF, ...UNSET])
      expect(answerTo(request(value)), JSON.stringify(value)).toBe(0)
  })
})

describe('where placements or repeated keys disagree', () => {
  test.each([
    ['regs.coppa 0, ext 1', '{"id":"1","regs":{"coppa":0,"ext":{"coppa":1}}}', 'denied_coppa'],
    ['regs.coppa twice', '{"id":"1","regs":{"coppa":1,"coppa":0}}', 'denied_coppa'],
    ['regs twice', '{"id":"1","regs":{"coppa":1},"regs":{"coppa":0}}', 'denied_coppa'],
    ['device twice', '{"id":"1","device":{"lmt":1},"device":{"lmt":0}}', 'denied_lmt'],
    ['gdpr 0, ext 1', '{"id":"1","regs":{"gdpr":0,"ext":{"gdpr":1}}}', 'denied_tcf_no_string'],
    ['gdpr 1, ext 0', '{"id":"1","regs":{"gdpr":1,"ext":{"gdpr":0}}}', 'denied_tcf_no_string'],
    ['gdpr null, ext 0', '{"id":"1","regs":{"gdpr":null,"ext":{"gdpr":0}}}', 0],
    [
      'us_privacy fine, ext opted out',
      '{"id":"1","regs":{"us_privacy":"1YNN","ext":{"us_privacy":"1YYN"}}}',
      'denied_us_privacy',
    ],
    [
      'a consenting string and one that does not',
      `{"id":"1","regs":{"gdpr":1},"user":{"consent":"${YES}","ext":{"consent":"${NO_PURPOSE}"}}}`,
      'denied_tcf_purpose',
    ],
    [
      'a string that does not and a consenting one',
      `{"id":"1","regs":{"gdpr":1},"user":{"consent":"${NO_PURPOSE}","ext":{"consent":"${YES}"}}}`,
      'denied_tcf_purpose',
    ],
    [
      'a consenting string and rubbish',
      `{"id":"1","regs":{"gdpr":1},"user":{"consent":"${YES}","ext":{"consent":"x"}}}`,
      'denied_tcf_unreadable',
    ],
    [
      'a consenting string and an empty one',
      `{"id":"1","regs":{"gdpr":1},"user":{"consent":"${YES}","ext":{"consent":""}}}`,
      0,
    ],
    [
      'the same string five times',
      `{"id":"1","regs":{"gdpr":1},"user":{${Array(5).fill(`"consent":"${YES}"`)}}}`,
      'denied_tcf_unreadable',
    ],
    [
      'a GPP string that allows and one that opts out',
      `{"id":"1","regs":{"gpp":"${gpp.allows}","gpp_sid":[7],"ext":{"gpp":"${gpp.optsOut}"}}}`,
      'denied_gpp_opt_out',
    ],
    [
      'gpp_sid in ext names what the GPP string lacks',
      `{"id":"1","regs":{"gpp":"${gpp.allows}","gpp_sid":[7],"ext":{"gpp_sid":[8]}}}`,
      'denied_gpp_missing',
    ],
  ])('%s: the strictest holds', (_, json, answer) => {
    expect(answerTo(json)).toBe(answer)
  })
})

describe('us_privacy', () => {
  test.each([
    ['1YYN', 'denied_us_privacy'],
    ['1-Y-', 'denied_us_privacy'],
    ['1YyN', 'denied_us_privacy'],
    ['2YYN', 'denied_us_privacy'],
    ['1YYNX', 'denied_us_privacy'],
    ['1YNN', 0],
    ['1---', 0],
    ['', 0],
    ['malformed', 0],
    ['1', 0],
    [null, 0],
    [false, 0],
    [0, 0],
    [1, 'denied_us_privacy'],
    [{}, 'denied_us_privacy'],
    [['1YNN'], 'denied_us_privacy'],
  ])('%j in both placements', (value, answer) => {
    expect(answerTo({ regs: { us_privacy: value } })).toBe(answer)
    expect(answerTo({ regs: { ext: { us_privacy: value } } })).toBe(answer)
  })
})

describe('device.ext.atts', () => {
  test('lets the device id be used only when it says authorized, or nothing', () => {
    const usable = (atts: unknown) => readingOf({ device: { ext: { atts } } }).ifaUsable
    for (const value of [3, '3', null, undefined]) expect(usable(value)).toBe(true)
    for (const value of [0, 1, 2, 4, '0', '', true, {}, []]) expect(usable(value)).toBe(false)
    expect(answerTo({ device: { ext: { atts: 0 } } })).toBe(0)
  })
})

describe('whether the GDPR applies', () => {
  const applies = (extra: object, gdprDefault: 0 | 1 = 0) =>
    readingOf(extra, gdprDefault).gdprApplies

  test('regs.gdpr decides, in both placements and whatever type it has', () => {
    for (const place of [(v: unknown) => ({ gdpr: v }), (v: unknown) => ({ ext: { gdpr: v } })]) {
      for (const value of [1, true, '1', 2, -1, 'x', {}, []])
        expect(applies({ regs: place(value) }), JSON.stringify(value)).toBe(true)
      for (const value of [0, false, '0'])
        expect(applies({ regs: place(value), device: FRANCE }, 1), JSON.stringify(value)).toBe(
          false,
        )
      for (const value of [null, '', undefined]) {
        expect(applies({ regs: place(value) })).toBe(false)
        expect(applies({ regs: place(value) }, 1)).toBe(true)
      }
    }
  })

  test('absent, a TC string, a country or the default of the partner decide', () => {
    expect(applies({ user: { consent: 'x' } })).toBe(true)
    expect(applies({ user: { ext: { consent: 'x' } } })).toBe(true)
    expect(applies({ user: { consent: 5 } })).toBe(true)
    expect(applies({ user: { consent: '' } })).toBe(false)
    expect(applies({ user: { consent: null } })).toBe(false)
    expect(applies({}, 1)).toBe(true)
    for (const country of ['FRA', 'NOR', 'ISL', 'LIE', 'GBR', 'CHE', 'FR', 'fra', 'UK', 'REU'])
      expect(applies({ device: { geo: { country } } }), country).toBe(true)
    for (const country of ['USA', 'US', 'TUR', 'SRB', 'XX', 'FRANCE', '', null, 7])
      expect(applies({ device: { geo: { country } } }), String(country)).toBe(false)
  })

  test('a country with JSON escapes in it is the same country', () => {
    for (const where of ['device', 'user']) {
      const json = `{"id":"1","${where}":{"geo":{"country":"\\u0044E\\u0055"}}}`
      expect(readingOf(json).gdprApplies, where).toBe(true)
    }
  })

  test("the user's country counts only where the device has none", () => {
    const user = { geo: { country: 'FRA' } }
    expect(applies({ user })).toBe(true)
    expect(applies({ user, device: { geo: {} } })).toBe(true)
    expect(applies({ user, device: { geo: { country: 'nowhere' } } })).toBe(true)
    expect(applies({ user, device: { geo: { country: 'USA' } } })).toBe(false)
    expect(applies({ user: { geo: { country: 'USA' } }, device: FRANCE })).toBe(true)
  })

  test('gpp_sid with 2 wins over regs.gdpr 0, and nothing else does', () => {
    const regs = { gdpr: 0, gpp: gpp.tcf(YES), gpp_sid: [2] }
    expect(applies({ regs })).toBe(true)
    expect(applies({ regs: { ...regs, gpp_sid: [7] }, user: { consent: YES } }, 1)).toBe(false)
    expect(applies({ regs: { ...regs, gpp_sid: [-1] }, device: FRANCE }, 1)).toBe(false)
  })
})

describe('where the GDPR applies', () => {
  test.each([
    ['no string', {}, 'denied_tcf_no_string'],
    ['an empty string', { consent: '' }, 'denied_tcf_no_string'],
    ['rubbish', { consent: 'rubbish' }, 'denied_tcf_unreadable'],
    ['a number', { consent: 1 }, 'denied_tcf_unreadable'],
    ['an object', { consent: {} }, 'denied_tcf_unreadable'],
    ['a cut string', { consent: YES.slice(0, 30) }, 'denied_tcf_unreadable'],
    ['a string never filled in', { consent: tcText({ vlv: 0 }) }, 'denied_tcf_unreadable'],
    ['a good string', { consent: YES }, 0],
    ['a good string in ext', { ext: { consent: YES } }, 0],
  ])('%s: as it should', (_, user, answer) => {
    expect(answerTo({ regs: { gdpr: 1 }, user })).toBe(answer)
  })

  test('a string with JSON escapes is the same string', () => {
    const escaped = YES.replace('C', '\\u0043')
    expect(answerTo(`{"id":"1","regs":{"gdpr":1},"user":{"consent":"${escaped}"}}`)).toBe(0)
  })

  test('the TC string of GPP section 2 must allow too, where gpp_sid names it', () => {
    const ask = (user: object, text: string | undefined, sid: unknown = [2]) =>
      answerTo({
        regs: { gpp: text === undefined ? undefined : gpp.tcf(text), gpp_sid: sid },
        user,
      })
    expect(ask({}, YES)).toBe(0)
    expect(ask({ consent: YES }, YES)).toBe(0)
    expect(ask({ consent: YES }, NO_PURPOSE)).toBe('denied_tcf_purpose')
    expect(ask({ consent: NO_PURPOSE }, YES)).toBe('denied_tcf_purpose')
    expect(ask({ consent: YES }, undefined)).toBe('denied_gpp_missing')
    expect(ask({ consent: YES }, 'x')).toBe('denied_tcf_unreadable')
    expect(ask({ consent: YES }, '')).toBe('denied_tcf_unreadable')
    // Not named: not asked.
    expect(ask({ consent: YES }, NO_PURPOSE, [])).toBe(0)
  })
})

describe('gpp_sid', () => {
  test.each([
    [[7], 'denied_gpp_opt_out'],
    [['7'], 'denied_gpp_opt_out'],
    ['7', 'denied_gpp_opt_out'],
    ['7,7', 'denied_gpp_opt_out'],
    ['[7]', 'denied_gpp_opt_out'],
    [7, 'denied_gpp_opt_out'],
    [[7.0, null], 'denied_gpp_opt_out'],
    [[7, 0, -1, 3], 'denied_gpp_opt_out'],
    [[], 0],
    ['', 0],
    [null, 0],
    [[-1], 0],
    [[0], 0],
    [[3], 0],
    [[null], 0],
    [[8], 'denied_gpp_missing'],
    [[2], 'denied_gpp_missing'],
    [[6], 'denied_gpp_missing'],
    [['x'], 'denied_gpp_unreadable'],
    [[7.5], 'denied_gpp_unreadable'],
    [{}, 'denied_gpp_unreadable'],
    [true, 'denied_gpp_unreadable'],
    [[[7]], 'denied_gpp_unreadable'],
    [Array(2_000).fill(7), 'denied_gpp_unreadable'],
    [Array.from({ length: 65 }, (_, i) => i + 100), 'denied_gpp_unreadable'],
  ])('%j in both placements', (sid, answer) => {
    expect(answerTo({ regs: { gpp: gpp.optsOut, gpp_sid: sid } })).toBe(answer)
    expect(answerTo({ regs: { ext: { gpp: gpp.optsOut, gpp_sid: sid } } })).toBe(answer)
  })

  test('that applies asks for a readable GPP string', () => {
    for (const text of ['', null]) expect(answerTo(usnat(text))).toBe('denied_gpp_missing')
    for (const text of ['rubbish', 5, {}, 'DBABLA', 'DBABLA~', 'DBABLA~CVVqAAAAAABA.QA~x', 'DB'])
      expect(answerTo(usnat(text)), JSON.stringify(text)).toMatch(
        /^denied_gpp_(unreadable|missing)$/,
      )
    expect(answerTo(usnat(gpp.allows))).toBe(0)
  })

  test('that names the US Privacy section asks that section', () => {
    const ask = (text: string) => answerTo({ regs: { gpp: gpp.usp(text), gpp_sid: [6] } })
    expect(ask('1YNN')).toBe(0)
    expect(ask('1YYN')).toBe('denied_gpp_us_privacy')
    expect(ask('2YNN')).toBe('denied_gpp_unreadable')
    expect(ask('rubbish')).toBe('denied_gpp_unreadable')
  })

  test('that names a section nobody here can read denies', () => {
    // Header with section 5 (Canada): 000011 000001, one range, 0, Fibonacci(5) = 00011.
    expect(answerTo({ regs: { gpp: 'DBABBg~x', gpp_sid: [5] } })).toBe('denied_gpp_missing')
    expect(answerTo({ regs: { gpp: 'DBABD~BPXuQIAPXuQIAPoAAAENCU', gpp_sid: [5] } })).toMatch(
      /^denied_gpp_/,
    )
  })
})

describe('a request that repeats its signals without end', () => {
  test('is denied', () => {
    const facts = new BidFacts()
    facts.reset(Buffer.from('0'))
    for (let i = 0; i <= SIGNALS_MAX; i++) facts.signals.add(Signal.coppa, Kind.number, 0, 1)
    const reading = new ConsentReading()
    reading.read(facts, { gdprDefault: 0 })
    expect(reading.denied).toBe('denied_signals_overflow')
  })
})

describe('a reading', () => {
  test('forgets the request before', () => {
    const reading = new ConsentReading()
    for (const before of BUSY) {
      reading.read(before, { gdprDefault: 1 })
      const quiet = new BidFacts()
      reading.read(quiet, { gdprDefault: 0 })
      expect(reading.denied).toBe(0)
      expect([reading.usTransmit, reading.usSync]).toEqual([0, 0])
      expect([reading.gdprApplies, reading.tcCount, reading.ifaUsable]).toEqual([false, 0, true])
    }
  })

  test('has a sentence for every reason', () => {
    for (const [word, sentence] of Object.entries(ConsentReasons)) {
      expect(word).toMatch(/^denied_[a-z_]+$/)
      expect(sentence).toMatch(/^[A-Z].*\.$/)
    }
  })
})

const FRANCE = { geo: { country: 'FRA' } }

function usnat(text: unknown): object {
  return { regs: { gpp: text, gpp_sid: [7] } }
}

/** Requests that say a lot, so that a reading which forgot nothing would show it. */
const BUSY = [gpp.optsOut, 'rubbish'].map((text, i) => {
  const facts = new BidFacts()
  facts.reset(Buffer.from(`7${text}`))
  if (i === 0) facts.signals.add(Signal.lmt, Kind.true, 0, 1)
  facts.signals.add(Signal.atts, Kind.number, 0, 1)
  facts.signals.add(Signal.gppSid, Kind.number, 0, 1)
  facts.signals.add(Signal.gpp, Kind.text, 1, 1 + text.length)
  facts.signals.add(Signal.consent, Kind.text, 1, 1 + text.length)
  return facts
})
