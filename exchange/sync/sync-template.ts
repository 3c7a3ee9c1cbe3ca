import type { AnswerBytes } from './answer-bytes.ts'
import type { PrivacyMacro, PrivacyMacros } from './privacy-macros.ts'
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

interface Filling {
  privacy: PrivacyMacros
  state: string
  secret?: SecretMacros
}

/** Stands for a state that is yet to come: no address has a space in it. */
const STATE = ' '.repeat(STATE_CHARS)

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
  /** Consecutive visitors often say the same of their privacy: from the second one on, the entry is there but for the state. */
  #entryFor: PrivacyMacros | undefined
  #kept: { bytes: Uint8Array; statesAt: readonly number[] } | undefined

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
      into.text(this.#entry(privacy, chars.toString('latin1', at, at + STATE_CHARS)))
      return
    }
    const { bytes, statesAt } = (this.#kept ??= keptEntry(this.#entry(privacy, STATE)))
    const start = into.put(bytes)
    for (const place of statesAt)
      into.putOver(start + place, chars, { from: at, count: STATE_CHARS })
  }

  #entry(privacy: PrivacyMacros, state: string): string {
    const { head, parts, hopHead, tail } = this.#quoted
    const url = this.isSecret
      ? hopHead + state + privacy.query
      : this.#fill(parts, { privacy, state })
    return head + url + tail
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

  #redirect(privacy: PrivacyMacros, state: string): string {
    const { head, tail } = this.#inner
    return `${head}${privacy.innerQuery}%26f%3D${this.#format}%26s%3D${state}${tail}`
  }
}

function keptEntry(entry: string): { bytes: Uint8Array; statesAt: number[] } {
  const bytes = Buffer.from(entry)
  const statesAt: number[] = []
  for (let at = bytes.indexOf(STATE); at >= 0; at = bytes.indexOf(STATE, at + STATE_CHARS))
    statesAt.push(at)
  return { bytes, statesAt }
}

/** As it stands in a string of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
