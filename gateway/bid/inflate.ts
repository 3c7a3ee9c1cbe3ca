import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { BID_LIMITS } from './limits.ts'
import type { BidRefusal } from './reasons.ts'

/**
 * The body's own bytes: inflated where the header, `?gzip=1` (Prebid.js, to avoid a pre-flight) or the
 * magic bytes say gzip. The bound holds while inflating, so a bomb costs no more than an honest body.
 */
export function inflate(body: Uint8Array, header: string, query: string): Uint8Array | BidRefusal {
  const coding = header === '' ? header : header.trim().toLowerCase()
  const isPlain = coding === '' || coding === 'identity'
  const isGzip = coding === 'gzip' || coding === 'x-gzip'
  if (!isPlain && !isGzip) return 'unknown_coding'
  if (!isGzip && !hasMagic(body) && !(query !== '' && asksGzip(query))) return body
  try {
    return gunzipSync(body, { maxOutputLength: BID_LIMITS.bodyBytesMax })
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return isTooLong ? 'too_large' : 'bad_gzip'
  }
}

/** The first byte of a body, of one in gzip that of what it holds; undefined where there is none. */
export function firstByte(body: Uint8Array): number | undefined {
  if (!hasMagic(body)) return body[0]
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: BID_LIMITS.bodyBytesMax }
  try {
    return gunzipSync(body.subarray(0, FIRST_BYTES), options)[0]
  } catch {
    return undefined
  }
}

/** So many hold what is told of the code, and the first of what is written in it. */
const FIRST_BYTES = 512

function hasMagic(body: Uint8Array): boolean {
  return body.length > 1 && body[0] === 0x1f && body[1] === 0x8b
}

/** The answer compressed, or undefined where that was not asked for or does not pay. */
export function deflate(answer: Uint8Array, accepted: string): Buffer | undefined {
  if (answer.length < BID_LIMITS.gzipBytesMin || !acceptsGzip(accepted)) return undefined
  const packed = gzipSync(answer, { level: 1 })
  return packed.length < answer.length ? packed : undefined
}

function asksGzip(query: string): boolean {
  return query.split('&').includes('gzip=1')
}

/** RFC 9110 §12.5.3: named with a weight other than 0, or covered by `*`. */
function acceptsGzip(accepted: string): boolean {
  if (accepted === '') return false
  let byStar = false
  for (const part of accepted.toLowerCase().split(',')) {
    const [name, ...parameters] = part.split(';').map((piece) => piece.trim())
    const isWanted = !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    if (name === 'gzip' || name === 'x-gzip') return isWanted
    if (name === '*') byStar = isWanted
  }
  return byStar
}
