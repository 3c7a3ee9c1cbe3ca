import { percentDecoded } from '../../audience/percent-decoded.ts'
import { type BidFacts, Kind, Signal } from '../../proto/bid-facts.ts'
import type { Bid } from '../bid/bid.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { isMacro } from '../http/is-macro.ts'
import { QUERY_CHARS_MAX, signalsPage } from './signals-page.ts'

/** A value of a query: as text (`text[from … to)`), and where its bytes stand on the page. */
export interface QueryValue {
  text: string
  from: number
  to: number
  start: number
  end: number
}

/** Notes what a parameter says. */
export type Take = (value: QueryValue, facts: BidFacts) => void

interface Param {
  readonly name: string
  readonly take: Take
  /** Of parameters of which the first counts: their bit among those met. 0 where each counts. */
  readonly bit: number
}

/**
 * Reads the query of a GET as the bid request it comes to: privacy signals under the names they have everywhere, and what
 * each wire asks besides. One pass, nothing made of what is not read: percent-encoding is decoded, `+` stays (ids in Base64
 * hold it). Of privacy that is given twice the strictest counts, of what a wire asks besides the first. What is empty, or a
 * macro nobody replaced (`${UID}`, `{uid}`, `%%UID%%`), is not there; what is given as privacy and cannot be read is passed
 * on, and denied as in any request.
 */
export class SignalsReader {
  readonly #byLength: (Param[] | undefined)[]
  readonly #value: QueryValue = { text: '', from: 0, to: 0, start: 0, end: 0 }
  #query = ''
  /** Offsets in the query are offsets on the page. */
  #isAscii = true
  /** The first `%` at or after what is being read. */
  #percentAt = 0
  #met = 0

  /** `own`: parameters of which the first counts. `each`: those of which every one does. */
  constructor(own: Readonly<Record<string, Take>>, each: Readonly<Record<string, Take>> = {}) {
    const params: Param[][] = []
    const add = (name: string, take: Take, bit: number) =>
      (params[name.length] ??= []).push({ name, take, bit })
    for (const [name, take] of Object.entries({ ...SIGNALS, ...each })) add(name, take, 0)
    for (const [i, [name, take]] of Object.entries(own).entries()) add(name, take, 1 << i)
    this.#byLength = Array.from(params)
  }

  read(bid: Bid, query: string): BidRefusal | undefined {
    if (query.length > QUERY_CHARS_MAX) return 'too_large'
    const { facts, places } = bid
    facts.reset(signalsPage.bytes)
    places.reset()
    signalsPage.end = 0
    signalsPage.write(query)
    this.#query = query
    this.#isAscii = signalsPage.end === query.length
    this.#percentAt = -1
    this.#met = 0
    for (let at = 0; at < query.length; ) {
      const and = query.indexOf('&', at)
      const end = and < 0 ? query.length : and
      this.#readOne(at, end, facts)
      at = end + 1
    }
    signalsPage.finish()
    bid.bytes = signalsPage.bytes
    return undefined
  }

  #readOne(at: number, end: number, facts: BidFacts): void {
    const query = this.#query
    let equals = at
    while (equals < end && query.charCodeAt(equals) !== EQUALS) equals++
    const param = this.#paramAt(at, equals)
    if (param === undefined || (this.#met & param.bit) !== 0) return
    this.#met |= param.bit
    const value = this.#valueAt(Math.min(equals + 1, end), end)
    if (isGiven(value)) param.take(value, facts)
  }

  #paramAt(from: number, to: number): Param | undefined {
    if (this.#hasPercent(from, to)) {
      const name = percentDecoded(this.#query.slice(from, to))
      return this.#byLength[name.length]?.find((param) => param.name === name)
    }
    const params = this.#byLength[to - from]
    if (params === undefined) return undefined
    for (let i = 0; i < params.length; i++)
      if (this.#query.startsWith(params[i]!.name, from)) return params[i]
    return undefined
  }

  #valueAt(from: number, to: number): QueryValue {
    const value = this.#value
    if (this.#isAscii && !this.#hasPercent(from, to)) {
      value.text = this.#query
      value.from = value.start = from
      value.to = value.end = to
    } else {
      value.text = percentDecoded(this.#query.slice(from, to))
      value.from = 0
      value.to = value.text.length
      value.start = signalsPage.write(value.text)
      value.end = signalsPage.end
    }
    return value
  }

  #hasPercent(from: number, to: number): boolean {
    if (this.#percentAt < from) {
      const at = this.#query.indexOf('%', from)
      this.#percentAt = at < 0 ? Number.POSITIVE_INFINITY : at
    }
    return this.#percentAt < to
  }
}

const EQUALS = 0x3d
const ZERO = 0x30
/** What macros begin with: `$`, `{`, `%`. */
const [DOLLAR, BRACE, PERCENT] = [0x24, 0x7b, 0x25] as const

function isGiven({ text, from, to }: QueryValue): boolean {
  if (from === to) return false
  const first = text.charCodeAt(from)
  if (first !== DOLLAR && first !== BRACE && first !== PERCENT) return true
  return !isMacro(text.slice(from, to))
}

const textOf =
  (signal: Signal): Take =>
  ({ start, end }, { signals }) =>
    signals.add(signal, Kind.text, start, end)

/** `0` is no; whatever else is said is yes, so that nothing is served on a misreading. */
const flagOf =
  (signal: Signal): Take =>
  ({ text, from, to, start, end }, { signals }) => {
    const isNo = to - from === 1 && text.charCodeAt(from) === ZERO
    signals.add(signal, isNo ? Kind.false : Kind.true, start, end)
  }

/** Privacy signals by their usual names in queries. */
const SIGNALS: Readonly<Record<string, Take>> = {
  gdpr_consent: textOf(Signal.consent),
  country: textOf(Signal.deviceCountry),
  gdpr: flagOf(Signal.gdpr),
  lmt: flagOf(Signal.lmt),
  dnt: flagOf(Signal.dnt),
  us_privacy: textOf(Signal.usPrivacy),
  gpp: textOf(Signal.gpp),
  gpp_sid: takeSections,
  gpc: textOf(Signal.gpc),
  atts: textOf(Signal.atts),
  coppa: flagOf(Signal.coppa),
}

/**
 * `6,7`. Prebid Server Java writes what its Optional holds: `Optional[7]` (and `Optional.empty` for nothing).
 */
function takeSections({ text, from, to, start, end }: QueryValue, { signals }: BidFacts): void {
  if (!text.startsWith(OPTIONAL, from)) signals.add(Signal.gppSid, Kind.text, start, end)
  else {
    const said = text.slice(from, to)
    if (said === `${OPTIONAL}.empty`) return
    const isList = OPTIONAL_LIST.test(said)
    const [before, after] = isList ? [OPTIONAL.length + 1, 1] : [0, 0]
    signals.add(Signal.gppSid, Kind.text, start + before, end - after)
  }
}

const OPTIONAL = 'Optional'
const OPTIONAL_LIST = /^Optional\[\d{1,5}(,\d{1,5})*\]$/
