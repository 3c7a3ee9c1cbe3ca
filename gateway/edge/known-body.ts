import { eachMember, endOfValue } from '../../proto/members.ts'
import { EDGE_LIMITS } from './limits.ts'
import { type CookieSyncBody, eidsIn } from './read-cookie-sync.ts'

const [BRACE, QUOTE, BACKSLASH] = [0x7b, 0x22, 0x5c]

/** What visitors say, each in words of their own. */
const SAID = {
  gdpr_consent: 'gdprConsent',
  us_privacy: 'usPrivacy',
  gpp: 'gpp',
  gpp_sid: 'gppSid',
} as const
type Said = (typeof SAID)[keyof typeof SAID]
/** What is the same for all visitors of a page. Any other text is nothing to us, such as an id of the request. */
const OF_PAGE = ['bidders', 'limit', 'coopSync', 'account', 'debug', 'gpc', 'filterSettings']

/** A value of which the next body may have another: text between its quotes, one digit, or eids. */
interface Slot {
  kind: 'text' | 'gdpr' | 'eids'
  /** Of text that is read. */
  said: Said | undefined
  start: number
  end: number
}

/**
 * What is the same in the bodies of /cookie_sync that one page sends: all but some of their values. Another that has the same
 * bytes around other plain values says the same but for those. Nothing that one visitor said is kept.
 */
export class KnownBody {
  /** All bytes but those of the slots. */
  readonly #bytes: Buffer
  /** Where in them each slot is. */
  readonly #slots: readonly (Slot & { at: number })[]
  readonly #body: CookieSyncBody

  private constructor(bytes: Buffer, slots: readonly Slot[], body: CookieSyncBody) {
    const pieces: Buffer[] = []
    let [from, left] = [0, 0]
    this.#slots = slots.map((slot) => {
      pieces.push(bytes.subarray(from, slot.start))
      from = slot.end
      const at = slot.start - left
      left += slot.end - slot.start
      return { ...slot, at }
    })
    pieces.push(bytes.subarray(from))
    this.#bytes = Buffer.concat(pieces)
    this.#body = { ...body }
    for (const { kind, said } of slots) {
      if (kind === 'gdpr') this.#body.gdpr = ''
      else if (kind === 'eids') this.#body.eids = []
      else if (said !== undefined) this.#body[said] = ''
    }
  }

  /** `body`: what was read of these bytes. Undefined where a name comes twice, or they are more than are kept. */
  static of(bytes: Buffer, body: CookieSyncBody): KnownBody | undefined {
    if (bytes.length > EDGE_LIMITS.keptBodyBytesMax) return undefined
    const slots: Slot[] = []
    const names = new Set<string>()
    let count = 0
    eachMember(bytes, bytes.indexOf(BRACE), (name, start, end) => {
      count++
      names.add(name)
      const slot = slotOf(bytes, name, [start, end])
      if (slot !== undefined) slots.push(slot)
    })
    return names.size === count ? new KnownBody(bytes, slots, body) : undefined
  }

  /** What other bytes say; undefined where they are not like these. */
  read(bytes: Buffer): CookieSyncBody | undefined {
    const body = { ...this.#body }
    let [at, from] = [0, 0]
    for (const slot of this.#slots) {
      if (!this.#isLike(bytes, at, [from, slot.at])) return undefined
      const start = at + slot.at - from
      const end = endOf(slot, bytes, start)
      if (end < 0 || !take(body, slot, { bytes, start, end })) return undefined
      at = end
      from = slot.at
    }
    const isLike = bytes.length - at === this.#bytes.length - from
    return isLike && this.#isLike(bytes, at, [from, this.#bytes.length]) ? body : undefined
  }

  /** Whether what begins at `at` has the bytes that stand from one place here to the other. */
  #isLike(bytes: Buffer, at: number, [from, to]: readonly [number, number]): boolean {
    const end = at + to - from
    return end <= bytes.length && bytes.compare(this.#bytes, from, to, at, end) === 0
  }
}

function slotOf(
  bytes: Buffer,
  name: string,
  [start, end]: readonly [number, number],
): Slot | undefined {
  if (name === 'eids') return { start, end, kind: 'eids', said: undefined }
  const text = bytes.toString('latin1', start, end)
  if (name === 'gdpr')
    return isDigit(text) ? { start, end, kind: 'gdpr', said: undefined } : undefined
  if (bytes[start] !== QUOTE || !isPlain(bytes, start + 1, end - 1) || OF_PAGE.includes(name))
    return undefined
  const said = Object.hasOwn(SAID, name) ? SAID[name as keyof typeof SAID] : undefined
  return { start: start + 1, end: end - 1, kind: 'text', said }
}

/** Below 0 where there is none. */
function endOf({ kind }: Slot, bytes: Buffer, start: number): number {
  if (kind === 'text') return bytes.indexOf(QUOTE, start)
  return kind === 'gdpr' ? start + 1 : endOfValue(bytes, start)
}

interface Span {
  bytes: Buffer
  start: number
  end: number
}

/** False where it has to be read with all the rest. */
function take(body: CookieSyncBody, { kind, said }: Slot, { bytes, start, end }: Span): boolean {
  if (kind === 'text' && !isPlain(bytes, start, end)) return false
  // Ids of requests and the like are nothing to us: no text is made of them.
  if (kind === 'text' && said === undefined) return true
  const text = bytes.toString('latin1', start, end)
  if (kind === 'eids') return takeEids(body, text)
  if (said !== undefined) {
    body[said] = text
    return true
  }
  body.gdpr = text
  return isDigit(text)
}

function takeEids(body: CookieSyncBody, text: string): boolean {
  try {
    body.eids = eidsIn(JSON.parse(Buffer.from(text, 'latin1').toString()))
    return true
  } catch {
    return false
  }
}

function isDigit(text: string): boolean {
  return text === '0' || text === '1'
}

/** It means in JSON what it is, and ends with no quote of its own. */
function isPlain(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = bytes[i]!
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false
  }
  return true
}
