import { LIMITS } from './limits.ts'

/**
 * The lexemes of JSON (RFC 8259) over one buffer of our own. A body is copied into it first: that
 * costs less than what it buys. Zeros follow the body, and a zero ends every lexeme, so no loop asks
 * for the end; and four bytes can be read at once wherever a string begins.
 */
const PADDING_BYTES = 8

/** The loaded body, then zeros. */
export const input = new Uint8Array(LIMITS.jsonBytesMax + PADDING_BYTES)
/** The same bytes, for reads of four at a time. */
export const words = new DataView(input.buffer)

/** What a function of this file answers where the bytes are no such lexeme. */
export const BAD = -1

/** Copies a body in. Bodies above `LIMITS.jsonBytesMax` are the caller's to refuse. */
export function loadInput(body: Uint8Array): void {
  input.set(body)
  words.setInt32(body.length, 0)
  words.setInt32(body.length + 4, 0)
}

let lastEscaped = BAD

/** Whether the string that began at `start`, and whose end was asked for last, has escapes in it. */
export function hasEscapes(start: number): boolean {
  return lastEscaped === start
}

/** Must be called before the first string of a body. */
export function forgetEscapes(): void {
  lastEscaped = BAD
}

/**
 * Offset of the quote that closes the string beginning at `start` (after its opening quote), or BAD.
 *
 * Four bytes at once: `byte ^ 2` is below 0x21 for control bytes and the quote only, `byte ^ 0x5c` is 0
 * for the backslash only, and subtracting sets the top bit of exactly those; bytes above 0x7f have
 * it anyway. A borrow can reach into higher bytes, never lower: the lowest bit set is the first stop.
 */
export function stringEnd(start: number): number {
  let at = start
  for (;;) {
    const four = words.getInt32(at, true)
    const stops =
      (((four ^ 0x02020202) - 0x21212121) | ((four ^ 0x5c5c5c5c) - 0x01010101) | four) & 0x80808080
    if (stops === 0) {
      at += 4
      continue
    }
    at += (31 - Math.clz32(stops & -stops)) >> 3
    const c = input[at]!
    if (c === 0x22) return at
    if (c === 0x5c) {
      lastEscaped = start
      at = escapeEnd(at + 1)
    } else at = c < 0x80 ? BAD : wideEnd(at)
    if (at < 0) return BAD
  }
}

/** After one escape whose letter stands at `at`. A lone surrogate is fine: the grammar allows it. */
function escapeEnd(at: number): number {
  switch (input[at]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1
    case 0x75: // u
      for (let i = 1; i <= 4; i++) if (!isHex(input[at + i]!)) return BAD
      return at + 5
    default:
      return BAD
  }
}

function isHex(c: number): boolean {
  const letter = c | 0x20
  return (c >= 0x30 && c <= 0x39) || (letter >= 0x61 && letter <= 0x66)
}

/** After one character of two to four bytes (Unicode, table 3-7: no overlongs, surrogates, or beyond U+10FFFF). */
function wideEnd(at: number): number {
  const lead = input[at]!
  const second = input[at + 1]!
  if (lead < 0xc2 || lead > 0xf4 || !follows(second)) return BAD
  if (lead < 0xe0) return at + 2
  if (lead === 0xe0 && second < 0xa0) return BAD
  if (lead === 0xed && second > 0x9f) return BAD
  if (!follows(input[at + 2]!)) return BAD
  if (lead < 0xf0) return at + 3
  if (lead === 0xf0 && second < 0x90) return BAD
  if (lead === 0xf4 && second > 0x8f) return BAD
  return follows(input[at + 3]!) ? at + 4 : BAD
}

function follows(c: number): boolean {
  return (c & 0xc0) === 0x80
}

/** Offset of the first byte that is no white space. */
export function skipWhite(at: number): number {
  let c = input[at]!
  while (c <= 0x20 && (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09)) c = input[++at]!
  return at
}

/** After the number beginning at `at` with a digit or a minus, or BAD. */
export function numberEnd(at: number): number {
  let c = input[at]!
  if (c === 0x2d) c = input[++at]!
  if (!isDigit(c)) return BAD
  if (c === 0x30) c = input[++at]!
  else
    do c = input[++at]!
    while (isDigit(c))
  if (c === 0x2e) {
    if (!isDigit(input[++at]!)) return BAD
    do c = input[++at]!
    while (isDigit(c))
  }
  return (c | 0x20) === 0x65 ? exponentEnd(at + 1) : at
}

function exponentEnd(at: number): number {
  let c = input[at]!
  if (c === 0x2b || c === 0x2d) c = input[++at]!
  if (!isDigit(c)) return BAD
  while (isDigit(c)) c = input[++at]!
  return at
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

const TRUE = 0x65757274
const ALSE = 0x65736c61
const NULL = 0x6c6c756e

/** After `true`, `false` or `null` beginning at `at`, or BAD. */
export function wordEnd(at: number): number {
  const four = words.getInt32(at, true)
  if (four === TRUE || four === NULL) return at + 4
  return input[at] === 0x66 && words.getInt32(at + 1, true) === ALSE ? at + 5 : BAD
}
