import { type BidFacts, Kind, Signal } from '../../proto/bid-facts.ts'
import { COUNTRY_OTHER, countryIn, isGdprIndex } from '../countries.ts'
import { GppReading } from './gpp-reading.ts'
import { TC_STRINGS_MAX } from './limits.ts'
import type { ConsentAnswer } from './reasons.ts'
import { SectionIds } from './section-ids.ts'
import { Flag, flagOf, isPresent, TextSpan } from './signal-value.ts'
import { needsDisclosed, soundnessOf } from './tc-soundness.ts'
import { TcString } from './tc-string.ts'
import { readUsPrivacy, UsPrivacy } from './us-privacy.ts'

/**
 * What one request says about privacy, read once and then asked by `decide` for each partner. Both
 * placements (OpenRTB 2.6, and 2.5 `ext`) and repeated keys all count; where they disagree the
 * strictest holds. Values of wrong types never throw: whatever may mean "protected" does. One object
 * serves many requests, and allocates nothing for well-formed ones.
 */
export class ConsentReading {
  /** Why nothing may be done for anybody; 0 where partners are to be asked. */
  denied: ConsentAnswer = 0
  /** Why US law does not let ids and segments be used (`transmitUfpd`), or ids be synced (`syncUser`). */
  usTransmit: ConsentAnswer = 0
  usSync: ConsentAnswer = 0
  /** The GDPR (EEA, UK, CH) applies: the TC strings below must all allow. */
  gdprApplies = false
  tcCount = 0
  readonly tcStrings: readonly TcString[] = Array.from(
    { length: TC_STRINGS_MAX },
    () => new TcString(),
  )
  /** 1 where only vendors in the string's disclosedVendors segment have a basis. */
  readonly needsDisclosed = new Uint8Array(TC_STRINGS_MAX)
  /** The device's advertising id may be used (iOS asks: `device.ext.atts` 3 is "authorized"). */
  ifaUsable = true

  /** Bit `Signal` of yes-or-no signals that are on, and that are off. */
  #on = 0
  #off = 0
  #deviceCountry = Region.unknown as number
  #userCountry = Region.unknown as number
  #textCount = 0
  readonly #texts = Array.from({ length: TC_STRINGS_MAX }, () => new TextSpan())
  readonly #usPrivacy = new TextSpan()
  readonly #country = new TextSpan()
  readonly #sids = new SectionIds()
  readonly #gpp = new GppReading()

  /** Reads a request's signals; `gdprDefault` 1 makes the GDPR apply where nothing says. */
  read(facts: Pick<BidFacts, 'bytes' | 'signals'>, asked: { gdprDefault: 0 | 1 }): void {
    this.#reset()
    const { signals, bytes } = facts
    for (let i = 0; i < signals.count; i++)
      this.#take(signals.field[i]!, signals.kind[i]!, bytes, signals.start[i]!, signals.end[i]!)
    this.denied = signals.overflowed ? 'denied_signals_overflow' : this.#deniedOutright()
    if (this.denied === 0 && (this.#sids.count > 0 || this.#sids.isUnreadable)) this.#readGpp()
    this.gdprApplies = this.#gdprApplies(asked.gdprDefault)
    if (this.denied === 0 && this.gdprApplies) this.denied = this.#readTcStrings()
  }

  #reset(): void {
    this.usTransmit = 0
    this.usSync = 0
    this.tcCount = 0
    this.ifaUsable = true
    this.#on = 0
    this.#off = 0
    this.#deviceCountry = Region.unknown
    this.#userCountry = Region.unknown
    this.#textCount = 0
    this.#sids.clear()
    this.#gpp.clear()
  }

  #take(field: number, kind: number, bytes: Uint8Array, start: number, end: number): void {
    switch (field) {
      case Signal.consent:
        this.#takeConsent(kind, bytes, start, end)
        break
      case Signal.usPrivacy:
        this.#takeUsPrivacy(kind, bytes, start, end)
        break
      case Signal.gpp:
        this.#gpp.add(kind, bytes, start, end)
        break
      case Signal.gppSid:
        this.#sids.add(kind, bytes, start, end)
        break
      case Signal.atts:
        if (kind !== Kind.null && !isAuthorized(kind, bytes, start, end)) this.ifaUsable = false
        break
      case Signal.deviceCountry:
        this.#country.take(kind, bytes, start, end)
        this.#deviceCountry = Math.max(this.#deviceCountry, regionOf(this.#country))
        break
      case Signal.userCountry:
        this.#country.take(kind, bytes, start, end)
        this.#userCountry = Math.max(this.#userCountry, regionOf(this.#country))
        break
      default:
        this.#takeFlag(field, flagOf(kind, bytes, start, end))
    }
  }

  #takeFlag(field: number, flag: Flag): void {
    if (flag === Flag.on) this.#on |= 1 << field
    else if (flag === Flag.off) this.#off |= 1 << field
  }

  /** An empty string is none; beyond TC_STRINGS_MAX they are counted, and found too many. */
  #takeConsent(kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (!isPresent(kind, start, end)) return
    this.#texts[this.#textCount]?.take(kind, bytes, start, end)
    this.#textCount++
  }

  /** Text opts out or not; of any other type, what is not clearly "no" opts out. */
  #takeUsPrivacy(kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (kind === Kind.text || kind === Kind.escapedText) {
      const text = this.#usPrivacy
      text.take(kind, bytes, start, end)
      const read = readUsPrivacy(text.bytes, text.start, text.end)
      if (read === UsPrivacy.optedOut) this.#on |= 1 << Signal.usPrivacy
    } else this.#takeFlag(Signal.usPrivacy, flagOf(kind, bytes, start, end))
  }

  #isOn(field: number): boolean {
    return ((this.#on >> field) & 1) === 1
  }

  #deniedOutright(): ConsentAnswer {
    if (this.#on === 0) return 0
    if (this.#isOn(Signal.coppa)) return 'denied_coppa'
    if (this.#isOn(Signal.lmt)) return 'denied_lmt'
    if (this.#isOn(Signal.dnt)) return 'denied_dnt'
    if (this.#isOn(Signal.gpc)) return 'denied_gpc'
    return this.#isOn(Signal.usPrivacy) ? 'denied_us_privacy' : 0
  }

  #readGpp(): void {
    this.denied = this.#gpp.read(this.#sids)
    this.usTransmit = this.#gpp.usTransmit
    this.usSync = this.#gpp.usSync
  }

  #gdprApplies(gdprDefault: 0 | 1): boolean {
    if (this.#sids.has(TCFEU_SECTION) || this.#isOn(Signal.gdpr)) return true
    if ((this.#off >> Signal.gdpr) & 1) return false
    const known = this.#deviceCountry !== Region.unknown ? this.#deviceCountry : this.#userCountry
    return this.#textCount > 0 || known === Region.gdpr || gdprDefault === 1
  }

  /** Places a reader at every string; 0 where all are readable and sound, and there is one at all. */
  #readTcStrings(): ConsentAnswer {
    if (this.#textCount > TC_STRINGS_MAX) return 'denied_tcf_unreadable'
    for (let i = 0; i < this.#textCount; i++) {
      const answer = this.#readTcString(this.#texts[i]!)
      if (answer !== 0) return answer
    }
    if (!this.#sids.has(TCFEU_SECTION)) return this.tcCount > 0 ? 0 : 'denied_tcf_no_string'
    for (let i = 0; i < this.#gpp.tcCount; i++) {
      const answer = this.#readTcString(this.#gpp.tcTexts[i]!)
      if (answer !== 0) return answer
    }
    return 0
  }

  #readTcString(text: TextSpan): ConsentAnswer {
    const tc = this.tcStrings[this.tcCount]
    if (tc === undefined || !tc.read(text.bytes, text.start, text.end))
      return 'denied_tcf_unreadable'
    this.needsDisclosed[this.tcCount] = needsDisclosed(tc) ? 1 : 0
    this.tcCount++
    return soundnessOf(tc)
  }
}

const TCFEU_SECTION = 2

/** Where a country lies; a stricter one is higher. */
const Region = { unknown: 0, elsewhere: 1, gdpr: 2 } as const

/** A text that names no country says as little as none. */
function regionOf(text: TextSpan): number {
  const country = countryIn(text.bytes, text.start, text.end)
  if (country <= COUNTRY_OTHER) return Region.unknown
  return isGdprIndex(country) ? Region.gdpr : Region.elsewhere
}

const AUTHORIZED = 3
const DIGIT_ZERO = 0x30

/** App Tracking Transparency status 3, as a digit or a varint; whatever else stands there is no authorisation. */
function isAuthorized(kind: number, bytes: Uint8Array, start: number, end: number): boolean {
  const byte = kind === Kind.varint ? AUTHORIZED : DIGIT_ZERO + AUTHORIZED
  return end - start === 1 && bytes[start] === byte
}
