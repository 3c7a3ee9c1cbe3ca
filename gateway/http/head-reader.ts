import type { DoorLimits } from '../limits.ts'
import type { DoorRefusal } from './door.ts'

/** What a route needs of a head, laid out by name length so that one comparison finds a header. */
export type HeadPlan = readonly (readonly HeadSlot[] | undefined)[]

interface HeadSlot {
  name: string
  /** Position among the route's `wants`; negative for what the framing guard counts. */
  at: number
}

const HOST = -1
const CONTENT_LENGTH = -2
const TRANSFER_ENCODING = -3
const GUARDED: readonly HeadSlot[] = [
  { name: 'host', at: HOST },
  { name: 'content-length', at: CONTENT_LENGTH },
  { name: 'transfer-encoding', at: TRANSFER_ENCODING },
]

export function planHead(wants: readonly string[]): HeadPlan {
  const plan: HeadSlot[][] = []
  const slots = [...GUARDED, ...wants.map((name, at) => ({ name, at }))]
  for (const slot of slots) (plan[slot.name.length] ??= []).push(slot)
  return Array.from(plan)
}

/**
 * Reads a head in one pass: picks the wanted headers and counts what makes framing ambiguous
 * (RFC 9112 §6.3, in the strict form). One instance serves a whole door, since a
 * head is read synchronously; nothing is allocated.
 *
 * An ambiguous head must lead to a bare close: an error answer does not stop the parser, and the request
 * hidden in the body would still run.
 */
export class HeadReader {
  /** As declared; 0 where none. */
  contentLength = 0
  /** True for a body sent in chunks; only where they are allowed. */
  chunked = false
  private readonly headersMax: number
  private readonly bytesMax: number
  private readonly chunkedAllowed: boolean
  private plan: HeadPlan = []
  private into: string[] = []
  private count = 0
  private bytes = 0
  private hosts = 0
  private lengths = 0
  private encodings = 0
  private lengthBad = false

  constructor(limits: Pick<DoorLimits, 'headersMax' | 'headerBytesMax'>, chunkedAllowed = false) {
    this.headersMax = limits.headersMax
    this.bytesMax = limits.headerBytesMax
    this.chunkedAllowed = chunkedAllowed
  }

  /** Starts a head; wanted headers are put into `into`, which holds '' for every want. */
  start(plan: HeadPlan, into: string[], queryBytes: number): void {
    this.plan = plan
    this.into = into
    this.count = 0
    this.bytes = queryBytes
    this.hosts = 0
    this.lengths = 0
    this.encodings = 0
    this.lengthBad = false
    this.contentLength = 0
    this.chunked = false
  }

  /** One header; the name in lower case. A property, so that it can be handed over as it is. */
  readonly see = (name: string, value: string): void => {
    this.count++
    this.bytes += name.length + value.length + 4
    const slots = this.plan[name.length]
    if (slots === undefined) return
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      if (slot.name !== name) continue
      if (slot.at >= 0) this.take(slot.at, value)
      else this.guard(slot.at, value)
    }
  }

  /** Why the connection must be closed; undefined where the head is sound. */
  refusal(): DoorRefusal | undefined {
    if (this.count > this.headersMax || this.bytes > this.bytesMax) return 'too_many_headers'
    if (this.hosts !== 1 || this.lengths > 1 || this.lengthBad) return 'ambiguous_framing'
    if (this.encodings === 0) return undefined
    const sound = this.chunkedAllowed && this.encodings === 1 && this.chunked && this.lengths === 0
    return sound ? undefined : 'ambiguous_framing'
  }

  /** A header sent in several lines means the same as in one (RFC 9110 §5.3). */
  private take(at: number, value: string): void {
    const before = this.into[at]
    this.into[at] = before ? `${before}, ${value}` : value
  }

  private guard(at: number, value: string): void {
    if (at === HOST) this.hosts++
    else if (at === TRANSFER_ENCODING) {
      this.encodings++
      this.chunked = value.toLowerCase() === 'chunked'
    } else {
      this.lengths++
      this.contentLength = lengthIn(value)
      if (this.contentLength < 0) this.lengthBad = true
    }
  }
}

const ZERO = 0x30
const LENGTH_DIGITS_MAX = 9

/** What a Content-Length says; -1 where it is none: 1 to 9 digits and nothing else. */
function lengthIn(value: string): number {
  if (value.length === 0 || value.length > LENGTH_DIGITS_MAX) return -1
  let length = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return length
}
