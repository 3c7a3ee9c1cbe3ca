import { ConsentReading } from '../../audience/consent/consent-reading.ts'
import { GppString } from '../../audience/consent/gpp-string.ts'
import { readUsPrivacy, UsPrivacy } from '../../audience/consent/us-privacy.ts'
import { PrivacyMacros } from '../../exchange/sync/privacy-macros.ts'
import { Kind, Signal, SpanList } from '../../proto/bid-facts.ts'
import { EDGE_LIMITS } from './limits.ts'
import { EdgeRefused } from './reasons.ts'

/** What a request says about privacy, as text; '' where it says nothing. */
export interface PrivacyFields {
  gdpr: string
  gdprConsent: string
  usPrivacy: string
  gpp: string
  /** Section ids, comma-separated. */
  gppSid: string
  /** Global Privacy Control, by header or field. */
  gpc: boolean
}

/** Global Privacy Control, by header: its value is exactly 1 (W3C GPC §3.1), in whichever of several lines. */
export function isGpcHeader(sent: string): boolean {
  return sent === '1' || (sent.includes(',') && sent.split(',').some((one) => one.trim() === '1'))
}

/** The same by a field or parameter, as in a bid request (`flagOf`): what clearly says no is no, anything else protects. */
export function isGpcSaid(value: unknown): boolean {
  return !NO_GPC.has(value ?? '')
}

const NO_GPC: ReadonlySet<unknown> = new Set(['', 0, '0', false, 'false'])

/** What a request says, understood. */
export interface Privacy {
  /** Shared by all requests of this process: to be asked before anything is awaited. */
  consent: ConsentReading
  macros: PrivacyMacros
  gppSids: readonly number[]
}

const TCFEU = 2

/**
 * Reads the consent of a browser's request as Prebid Server does: gpp_sid goes before gdpr, and a TC string
 * in the GPP string before gdpr_consent; except that what says gdpr=1 stays under the GDPR. Throws
 * EdgeRefused where it is malformed.
 */
export function readPrivacy(fields: PrivacyFields, gdprDefault: 0 | 1): Privacy {
  const gppSids = sidsIn(fields.gppSid)
  for (const text of [fields.gdprConsent, fields.gpp, fields.usPrivacy])
    if (text.length > EDGE_LIMITS.consentCharsMax) throw new EdgeRefused('consent_too_long')
  if (!['', '0', '1'].includes(fields.gdpr))
    throw new EdgeRefused('gdpr_invalid', ` You gave ${printable(fields.gdpr)}`)
  const ofGpp = tcStringIn(fields.gpp, gppSids.includes(TCFEU))
  const gdprConsent = ofGpp || fields.gdprConsent
  const gdpr = gdprOf(fields.gdpr, gppSids)
  if (gdpr === '1' && gdprConsent === '') throw new EdgeRefused('consent_required')
  const usPrivacy = isUsPrivacy(fields.usPrivacy) ? fields.usPrivacy : ''
  signals.fill({ ...fields, gdpr, gdprConsent: ofGpp === '' ? fields.gdprConsent : '' })
  consent.read(signals, { gdprDefault })
  const { gpp } = fields
  const macros = PrivacyMacros.of({ gdpr, gdprConsent, usPrivacy, gpp, gppSid: fields.gppSid })
  return { consent, macros, gppSids }
}

function sidsIn(text: string): number[] {
  if (text === '') return []
  if (text.length > EDGE_LIMITS.gppSidCharsMax || !/^\s*-?\d+\s*(,\s*-?\d+\s*)*$/.test(text))
    throw new EdgeRefused('gpp_sid_malformed')
  // 0 and -1 stand for none that applies (GPP, "gpp_sid"): nothing is said by them.
  return text
    .split(',')
    .map(Number)
    .filter((sid) => sid > 0)
}

function gdprOf(given: string, gppSids: readonly number[]): string {
  if (gppSids.includes(TCFEU)) return '1'
  return gppSids.length > 0 && given === '' ? '0' : given
}

/** The TC string in the GPP string, where it is wanted and there. */
function tcStringIn(gpp: string, isWanted: boolean): string {
  if (gpp === '') return ''
  const bytes = Buffer.from(gpp)
  if (!gppString.read(bytes, 0, bytes.length)) throw new EdgeRefused('gpp_malformed')
  const at = isWanted ? gppString.indexOf(TCFEU) : -1
  return at < 0 ? '' : bytes.toString('latin1', gppString.starts[at], gppString.ends[at])
}

function isUsPrivacy(text: string): boolean {
  if (!/^1[YN-]{3}$/i.test(text)) return false
  return readUsPrivacy(Buffer.from(text), 0, text.length) !== UsPrivacy.unreadable
}

function printable(text: string): string {
  return text.slice(0, 40).replace(/[^!-~]/g, '?')
}

const UTF8_BYTES_PER_UNIT = 3
const TEXTS_BYTES_MAX =
  3 * EDGE_LIMITS.consentCharsMax * UTF8_BYTES_PER_UNIT + EDGE_LIMITS.gppSidCharsMax + 2

/** Texts in one buffer, with spans over them: the form in which consent is read from bid requests, too. */
class Signals {
  readonly bytes = Buffer.alloc(TEXTS_BYTES_MAX)
  readonly signals = new SpanList(16)
  #end = 0

  fill({ gdpr, gdprConsent, usPrivacy, gpp, gppSid, gpc }: PrivacyFields): void {
    this.signals.reset()
    this.#end = 0
    this.#add(Signal.gdpr, Kind.number, gdpr)
    this.#add(Signal.consent, Kind.text, gdprConsent)
    this.#add(Signal.usPrivacy, Kind.text, usPrivacy)
    this.#add(Signal.gpp, Kind.text, gpp)
    this.#add(Signal.gppSid, Kind.text, gppSid)
    if (gpc) this.#add(Signal.gpc, Kind.number, '1')
  }

  #add(field: Signal, kind: Kind, text: string): void {
    if (text === '') return
    const start = this.#end
    const isAscii = Buffer.byteLength(text) === text.length
    this.#end += this.bytes.write(text, start, isAscii ? 'latin1' : 'utf8')
    this.signals.add(field, kind, start, this.#end)
  }
}

const signals = new Signals()
const consent = new ConsentReading()
const gppString = new GppString()
