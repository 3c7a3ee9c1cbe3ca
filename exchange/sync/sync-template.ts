import { AnswerBytes } from './answer-bytes.ts'
import {
  OWN_MARKS,
  type PrivacyMacro,
  type PrivacyMacros,
  type PrivacyTexts,
} from './privacy-macros.ts'
import { STATE_CHARS } from './sync-state.ts'

/** How a sync is loaded: as an image that is redirected, or in a frame. */
export type SyncType = 'redirect' | 'iframe'

/** `f` of /setuid: which empty answer the browser wants. */
export const FORMAT_OF = { redirect: 'i', iframe: 'b' } as const

/** The ids that only our own redirects may carry: never an address that a page can read. */
export interface SecretMacros {
  /** Our pseudonym for the partner. */
  uid: string
  /** Seconds since the epoch. */
  ts: string
  /** Signature of the two: see match-signature.ts. */
  sig: string
}

export interface TemplateOptions {
  type: SyncType
  /** Public address of the edge door, without a slash at its end. */
  edgeUrl: string
  /** Whose it is. */
  partner: string
  /** What /setuid calls the partner by. */
  key: string
  /** What the partner replaces with its id; '' where it appends the id instead. */
  userMacro: string
}

/** A state as SyncStates.mintChars wrote it. */
export interface StateChars {
  chars: Buffer
  at: number
}

export interface Entry {
  readonly bytes: Uint8Array
  readonly statesAt: readonly number[]
}

interface Filling {
  privacy: PrivacyTexts
  state: string
  secret?: SecretMacros
}

/** Stands for a state that is yet to come: no address has a space in it. */
const STATE = Buffer.alloc(STATE_CHARS, ' ')

const MACRO = /\{(gdpr|gdpr_consent|us_privacy|gpp|gpp_sid|uid|ts|sig|redirect)\}/

/**
 * A partner's sync address, taken apart when the catalog changes, so that a request only joins strings.
 * `{redirect}` becomes our /setuid with the state and, last, the partner's own macro for its id, encoded
 * as one parameter: what is in it reaches the partner's macro as it was written.
 */
export class SyncTemplate {
  readonly type: SyncType
  /** It carries an id of ours, or a signature over one: a page must not see it filled. */
  readonly isSecret: boolean
  /** The partner sends the browser back to us, with its own id. */
  readonly comesBack: boolean
  /** What a `{sig}` is made for: the address's own parameter `p`. */
  readonly signsAs: string
  /** Text and macros by turns, text first. */
  readonly #parts: readonly string[]
  readonly #inner: { head: string; tail: string }
  readonly #hopHead: string
  readonly #format: 'i' | 'b'

  /** What of an entry of an answer is the same for everybody, as JSON has it. */
  readonly #quoted: { head: string; parts: readonly string[]; hopHead: string; tail: string }
  /** An entry but for what visitors say in words of their own, and for the state. */
  readonly #framed = new Map<PrivacyTexts, readonly Piece[]>()
  /** Consecutive visitors often say the same of their privacy: from the second one on, the entry is there but for the state. */
  #entryFor: PrivacyMacros | undefined
  #kept: Entry | undefined

  constructor(url: string, { type, edgeUrl, partner, key, userMacro }: TemplateOptions) {
    this.type = type
    this.#parts = url.split(MACRO)
    this.comesBack = url.includes('{redirect}')
    this.isSecret = /\{(uid|ts|sig)\}/.test(url)
    this.signsAs = /[?&]p=([^&#{}]*)/.exec(url)?.[1] ?? ''
    this.#format = FORMAT_OF[type]
    this.#inner = {
      head: encodeURIComponent(`${edgeUrl}/setuid?bidder=${key}`),
      tail: encodeURIComponent(`&uid=${userMacro}`),
    }
    this.#hopHead = `${edgeUrl}/sync?bidder=${key}&f=${this.#format}&s=`
    this.#quoted = {
      head: `{"bidder":"${partner}","no_cookie":true,"usersync":{"url":"`,
      parts: this.#parts.map(quoted),
      hopHead: quoted(this.#hopHead),
      tail: `","type":"${type}"}}`,
    }
  }

  /** What a page is given: the partner's address, or ours that leads there where it must not be seen. */
  shown(privacy: PrivacyMacros, state: string): string {
    if (this.isSecret) return this.#hopHead + state + privacy.query
    return this.#fill(this.#parts, { privacy, state })
  }

  /** The same as an answer to /cookie_sync holds it: JSON of Prebid Server's `bidder_status`. */
  writeEntry(into: AnswerBytes, privacy: PrivacyMacros, { chars, at }: StateChars): void {
    if (this.#entryFor !== privacy) {
      this.#entryFor = privacy
      this.#kept = undefined
      this.#write(into, privacy, { chars, at })
      return
    }
    const { bytes, statesAt } = this.entry(privacy)
    const start = into.put(bytes)
    for (const place of statesAt)
      into.putOver(start, [place, at], { bytes: chars, count: STATE_CHARS })
  }

  /** The bytes of an entry, and where the states in it are to be. */
  entry(privacy: PrivacyMacros): Entry {
    if (this.#entryFor !== privacy) this.#kept = undefined
    this.#entryFor = privacy
    return (this.#kept ??= this.#keptEntry(privacy))
  }

  #keptEntry(privacy: PrivacyMacros): Entry {
    const into = scratch.begin()
    this.#write(into, privacy, { chars: STATE, at: 0 })
    const bytes = Buffer.from(into.written())
    const statesAt: number[] = []
    for (let at = bytes.indexOf(STATE); at >= 0; at = bytes.indexOf(STATE, at + STATE_CHARS))
      statesAt.push(at)
    return { bytes, statesAt }
  }

  #write(into: AnswerBytes, { frame, own }: PrivacyMacros, { chars, at }: StateChars): void {
    const pieces = this.#framed.get(frame) ?? this.#framedFor(frame)
    for (let i = 0; i < pieces.length; i++) {
      const { bytes, own: which } = pieces[i]!
      into.put(bytes)
      if (which === STATE_NEXT) into.putPart(chars, at, STATE_CHARS)
      else if (which !== NOTHING_NEXT) into.put(own[which]!)
    }
  }

  #framedFor(frame: PrivacyTexts): readonly Piece[] {
    if (this.#framed.size === FRAMES_MAX) this.#framed.clear()
    const { head, parts, hopHead, tail } = this.#quoted
    const url = this.isSecret
      ? hopHead + STATE_MARK + frame.query
      : this.#fill(parts, { privacy: frame, state: STATE_MARK })
    const pieces = piecesOf(head + url + tail)
    this.#framed.set(frame, pieces)
    return pieces
  }

  /** The partner's address with everything in it: for our own redirects only. */
  filled(privacy: PrivacyMacros, state: string, secret: SecretMacros): string {
    return this.#fill(this.#parts, { privacy, state, secret })
  }

  /** What replaces a macro is percent-encoded, and so the same in quotes. */
  #fill(parts: readonly string[], { privacy, state, secret }: Filling): string {
    let url = parts[0]!
    for (let i = 1; i < parts.length; i += 2) {
      const macro = parts[i]!
      if (macro === 'redirect') url += this.#redirect(privacy, state)
      else if (macro === 'uid' || macro === 'ts' || macro === 'sig') url += secret?.[macro] ?? ''
      else url += privacy.values[macro as PrivacyMacro]
      url += parts[i + 1]!
    }
    return url
  }

  #redirect(privacy: PrivacyTexts, state: string): string {
    const { head, tail } = this.#inner
    return `${head}${privacy.innerQuery}%26f%3D${this.#format}%26s%3D${state}${tail}`
  }
}

const scratch = new AnswerBytes()
const FRAMES_MAX = 8
const STATE_MARK = '\x05'
const MARKS: readonly string[] = [...OWN_MARKS, STATE_MARK]
const STATE_NEXT = MARKS.indexOf(STATE_MARK)
const NOTHING_NEXT = -1

interface Piece {
  bytes: Uint8Array
  /** What comes behind it: its place among `PrivacyMacros.own`, STATE_NEXT or NOTHING_NEXT. */
  own: number
}

function piecesOf(text: string): Piece[] {
  const parts = text.split(/([\x01-\x05])/)
  const pieces: Piece[] = []
  for (let i = 0; i < parts.length; i += 2)
    pieces.push({ bytes: Buffer.from(parts[i]!), own: MARKS.indexOf(parts[i + 1] ?? '') })
  return pieces
}

/** As it stands in a string of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
