/** Base64url text read as bits, straight from the request's bytes: no string is made. */

/** Value of a base64url character by its byte; -1 for any other byte. */
export const SEXTET = new Int8Array(256).fill(-1)
for (const [value, letter] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
].entries())
  SEXTET[letter.charCodeAt(0)] = value

const DOT = 0x2e

/**
 * `count` bits (1–18) from bit `bit` of the text that begins at `start`; -1 where a character is not
 * base64url. The caller has made sure that the bits lie inside the text.
 */
export function bitsAt(bytes: Uint8Array, start: number, bit: number, count: number): number {
  const whole = sextetsIn(bit)
  let at = start + whole
  let have = 6 - (bit - whole * 6)
  let word = SEXTET[bytes[at]!]!
  for (; have < count; have += 6) word = (word << 6) | SEXTET[bytes[++at]!]!
  // One foreign character makes the word negative: -1 has all bits set, and it is never shifted out.
  return word < 0 ? -1 : (word >> (have - count)) & ((1 << count) - 1)
}

/** How many whole sextets `bit` bits fill: a division by 6 below 98,304, several times faster than `/`. */
export function sextetsIn(bit: number): number {
  return Math.imul(bit, 43_691) >>> 18
}

/** Where the segment that begins at `start` ends: at the next dot, or with the text. */
export function segmentEnd(bytes: Uint8Array, start: number, end: number): number {
  const dot = bytes.indexOf(DOT, start)
  return dot < 0 || dot > end ? end : dot
}
