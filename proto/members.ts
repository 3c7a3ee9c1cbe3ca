import { Kind } from './bid-facts.ts'
import type { Place } from './request-places.ts'

/**
 * Walks over an object that the scanner has found to be JSON, for the few requests of which more has to be
 * known than the scanner notes. Told of each member: its key, decoded, and where its value begins and ends. Of bytes that
 * are no JSON it tells nothing that means anything, but comes to an end, or throws.
 */
export function eachMember(
  bytes: Uint8Array,
  open: number,
  tell: (key: string, start: number, end: number) => void,
): void {
  let at = skipWhite(bytes, open + 1)
  while (bytes[at] === QUOTE) {
    const keyEnd = endOfText(bytes, at)
    const start = skipWhite(bytes, skipWhite(bytes, keyEnd) + 1)
    const end = endOfValue(bytes, start)
    tell(keyOf(bytes, at, keyEnd), start, end)
    at = skipWhite(bytes, end)
    if (bytes[at] === COMMA) at = skipWhite(bytes, at + 1)
  }
}

/** The same of an array: where each item begins and ends. */
export function eachItem(
  bytes: Uint8Array,
  open: number,
  tell: (start: number, end: number) => void,
): void {
  let at = skipWhite(bytes, open + 1)
  while (at < bytes.length && bytes[at] !== BRACKET_CLOSED) {
    const end = endOfValue(bytes, at)
    if (end === at) return
    tell(at, end)
    at = skipWhite(bytes, end)
    if (bytes[at] === COMMA) at = skipWhite(bytes, at + 1)
  }
}

/** Notes one more occurrence of a value, as the scanner does. */
export function notePlace(bytes: Uint8Array, place: Place, start: number, end: number): void {
  const count = place.count + 1
  place.reset()
  place.count = count
  const first = bytes[start]
  if (first !== BRACE && first !== BRACKET) return
  place.kind = first === BRACE ? Kind.object : Kind.array
  place.open = start
  place.close = end - 1
  place.empty = skipWhite(bytes, start + 1) === place.close
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const BRACE = 0x7b
const BRACKET = 0x5b
const BRACKET_CLOSED = 0x5d

function keyOf(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString())
}

function skipWhite(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return at
}

/** After the closing quote of the text that begins at `start`. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}

/** After the value that begins at `start`; of bytes that are no JSON, somewhere behind it. */
export function endOfValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start]
  if (first === QUOTE) return endOfText(bytes, start)
  if (first === BRACE || first === BRACKET) return endOfContainer(bytes, start)
  let at = start
  while (isScalar(bytes[at]!)) at++
  return at
}

function endOfContainer(bytes: Uint8Array, start: number): number {
  let depth = 0
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = endOfText(bytes, at)
      continue
    }
    if (byte === BRACE || byte === BRACKET) depth++
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1
    at++
  }
  return at
}

/** Letters, digits and signs: what numbers, true, false and null are written with. */
function isScalar(byte: number): boolean {
  return byte > 0x20 && byte !== COMMA && byte !== 0x7d && byte !== 0x5d
}
