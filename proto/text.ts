import { Kind } from './bid-facts.ts'

/** Bytes of a text: a span of somebody's buffer. Reused: good until the next call of `textBytes`. */
export interface TextSpan {
  bytes: Uint8Array
  start: number
  end: number
}

/**
 * A span of a scanned body as a string: escapes decoded, numbers as written. The body has been
 * scanned, so its UTF-8 and its escapes are known to be well-formed.
 */
export function textOf(bytes: Uint8Array, kind: number, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
  return kind === Kind.escapedText ? JSON.parse(`"${text}"`) : text
}

const span: TextSpan = { bytes: new Uint8Array(0), start: 0, end: 0 }
let unescaped = new Uint8Array(1024)

/**
 * The UTF-8 of a text span with its escapes decoded, without a copy where there are none. A lone
 * surrogate escape becomes U+FFFD, as it does in `Buffer.from(textOf(…))`.
 */
export function textBytes(bytes: Uint8Array, kind: number, start: number, end: number): TextSpan {
  span.bytes = bytes
  span.start = start
  span.end = end
  if (kind === Kind.escapedText) decodeEscapes(bytes, start, end)
  return span
}

/** Decoded text is never longer than its escapes. */
function decodeEscapes(bytes: Uint8Array, start: number, end: number): void {
  if (unescaped.length < end - start) unescaped = new Uint8Array(end - start)
  const into = Buffer.from(unescaped.buffer)
  span.bytes = unescaped
  span.start = 0
  span.end = into.write(textOf(bytes, Kind.escapedText, start, end), 'utf8')
}
