import { Kind } from '../../proto/bid-facts.ts'
import { int32At, varintEnd } from '../../proto/message-reader.ts'
import { GPP_SID_BYTES_MAX, GPP_SIDS_MAX } from './limits.ts'
import { TextSpan } from './signal-value.ts'

/**
 * The GPP sections that apply to a request: all that any `gpp_sid` names. It should be an array of
 * whole numbers; texts (`"7"`, `"2,6"`, `["7"]`) are met and mean the same. Ids of 0 and below say
 * "none", 3 is the GPP header itself, 4 its seal: none asks for anything.
 */
export class SectionIds {
  count = 0
  readonly ids = new Int32Array(GPP_SIDS_MAX)
  /** Something was named that cannot be read as a section id, or too many were. */
  isUnreadable = false
  readonly #text = new TextSpan()

  clear(): void {
    this.count = 0
    this.isUnreadable = false
  }

  has(id: number): boolean {
    for (let i = 0; i < this.count; i++) if (this.ids[i] === id) return true
    return false
  }

  /** Adds what one value of `gpp_sid` names. */
  add(kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (kind === Kind.null) return
    if (end - start > GPP_SID_BYTES_MAX) this.isUnreadable = true
    else if (kind === Kind.varint || kind === Kind.varints) this.#addVarints(bytes, start, end)
    else if (kind !== Kind.array || !this.#addPlain(bytes, start + 1, end - 1))
      this.#addValue(valueIn(kind, bytes, start, end, this.#text))
  }

  /** `[6]`, `[7, 8]`: what is nearly always sent, without making a value of it. */
  #addPlain(bytes: Uint8Array, start: number, end: number): boolean {
    let id = -1
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!
      if (byte >= ZERO && byte <= NINE) id = Math.min((id < 0 ? 0 : id * 10) + byte - ZERO, ID_MAX)
      else if (byte === COMMA && id >= 0) {
        this.#addId(id)
        id = -1
      } else if (byte !== SPACE || id >= 0) return false
    }
    if (id >= 0) this.#addId(id)
    return true
  }

  /** As protobuf writes them, packed or alone. */
  #addVarints(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const next = varintEnd(bytes, at, end)
      if (next < 0) {
        this.isUnreadable = true
        return
      }
      this.#addId(Math.min(int32At(bytes, at), ID_MAX))
      at = next
    }
  }

  #addValue(value: unknown): void {
    if (Array.isArray(value)) for (const one of value) this.#addOne(one)
    else this.#addOne(value)
  }

  #addOne(value: unknown): void {
    if (value === null) return
    if (typeof value === 'number') this.#addNumber(value)
    else if (typeof value === 'string') this.#addText(value)
    else this.isUnreadable = true
  }

  /** `2,6`, `2_6` or `[2, 6]`. */
  #addText(text: string): void {
    const list = text.replace(/^\s*\[|\]\s*$/g, '').trim()
    if (list === '') return
    for (const part of list.split(/[,_]/))
      this.#addNumber(part.trim() === '' ? Number.NaN : Number(part))
  }

  #addNumber(value: number): void {
    if (Number.isInteger(value)) this.#addId(Math.min(value, ID_MAX))
    else this.isUnreadable = true
  }

  #addId(id: number): void {
    if (id <= 0 || id === HEADER_ID || id === INTEGRITY_ID || this.has(id)) return
    if (this.count === GPP_SIDS_MAX) this.isUnreadable = true
    else this.ids[this.count++] = id
  }
}

const ZERO = 0x30
const NINE = 0x39
const COMMA = 0x2c
const SPACE = 0x20
const HEADER_ID = 3
/** The signal integrity section: a seal over the others, no law. */
const INTEGRITY_ID = 4
/** No section has so high an id. */
const ID_MAX = 1_000_000

function valueIn(
  kind: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  text: TextSpan,
): unknown {
  const isText = kind === Kind.text || kind === Kind.escapedText
  if (isText) {
    text.take(kind, bytes, start, end)
    return Buffer.from(text.bytes.subarray(text.start, text.end)).toString()
  }
  try {
    return JSON.parse(Buffer.from(bytes.subarray(start, end)).toString())
  } catch {
    return undefined
  }
}
