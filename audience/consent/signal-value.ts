import { Kind } from '../../proto/bid-facts.ts'

/**
 * How the values of privacy signals are taken, whatever type the sender gave them. What clearly says
 * "no" is off, what is not there is unset, and anything else protects.
 */
export const Flag = { unset: 0, off: 1, on: 2 } as const
export type Flag = (typeof Flag)[keyof typeof Flag]

/** A yes-or-no signal: 0, "0", false, "false" are off; null and "" unset; all else is on. */
export function flagOf(kind: number, bytes: Uint8Array, start: number, end: number): Flag {
  switch (kind) {
    case Kind.null:
      return Flag.unset
    case Kind.false:
      return Flag.off
    case Kind.number:
    case Kind.text:
      if (start === end) return Flag.unset
      return isZero(bytes, start, end) || isFalse(bytes, start, end) ? Flag.off : Flag.on
    default:
      return Flag.on
  }
}

/** Whether a text-valued signal says anything: neither null nor "". */
export function isPresent(kind: number, start: number, end: number): boolean {
  return kind !== Kind.null && !(kind === Kind.text && start === end)
}

/** A span of text with its bytes. One object serves many. */
export class TextSpan {
  bytes: Uint8Array = NOTHING
  start = 0
  end = 0

  /** Takes a text value, JSON escapes decoded; a value of any other kind becomes a text `?`. */
  take(kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (kind === Kind.text) this.set(bytes, start, end)
    else if (kind === Kind.escapedText) this.#setWhole(unescaped(bytes, start, end))
    else this.#setWhole(UNREADABLE)
  }

  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  #setWhole(bytes: Uint8Array): void {
    this.set(bytes, 0, bytes.length)
  }
}

const NOTHING = new Uint8Array(0)
const UNREADABLE = Buffer.from('?')

function unescaped(bytes: Uint8Array, start: number, end: number): Uint8Array {
  try {
    const text: unknown = JSON.parse(`"${Buffer.from(bytes.subarray(start, end)).toString()}"`)
    return Buffer.from(String(text))
  } catch {
    return UNREADABLE
  }
}

const ZERO = 0x30
const NINE = 0x39
const POINT = 0x2e
const MINUS = 0x2d
const LOWER_E = 0x65

/** A number whose value is zero, however it is written: `0`, `-0`, `0.0`, `0e1`. */
function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  let zeros = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte > ZERO && byte <= NINE) return false
    if ((byte | 0x20) === LOWER_E) return zeros > 0
    if (byte === ZERO) zeros++
    else if (byte !== POINT && byte !== MINUS) return false
  }
  return zeros > 0
}

const FALSE = Buffer.from('false')

function isFalse(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== FALSE.length) return false
  for (let i = 0; i < FALSE.length; i++) if ((bytes[start + i]! | 0x20) !== FALSE[i]) return false
  return true
}
