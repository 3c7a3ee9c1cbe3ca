import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { refuse } from '../../audience/refusal.ts'
import type { Call } from '../api/route.ts'
import { Denied } from '../reasons.ts'
import { isBulk } from './bulk-type.ts'

const INFLATE_CHUNK_BYTES = 64 * 1024

/**
 * The bytes of an import, inflated where they come gzipped, whether or not a header says so. Throws Denied (`unsupported`) for what is
 * not NDJSON; reading on throws Refused (`invalid`) where gzip is broken.
 */
export function importBody(call: Call): AsyncIterable<Uint8Array> {
  if (isBulk(call)) throw new Denied('unsupported', 'send lines of JSON, as application/x-ndjson')
  return inflatedBody(call)
}

/** The same, whatever it holds. */
export function inflatedBody({ stream, headers }: Call): AsyncIterable<Uint8Array> {
  const { contentEncoding } = headers
  if (contentEncoding === 'gzip' || contentEncoding === 'x-gzip') return inflated(stream)
  if (contentEncoding === '' || contentEncoding === 'identity') return inflatedIfGzip(stream)
  throw new Denied('unsupported', 'the content coding is neither gzip nor identity')
}

/** A file `.gz` is sent without a word of it, too: no text and no message begins with the bytes that gzip does. */
async function* inflatedIfGzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  const { done, value: head } = await chunks.next()
  if (done) return
  const whole = behind(head, { [Symbol.asyncIterator]: () => chunks })
  yield* head[0] === 0x1f && head[1] === 0x8b ? inflated(whole) : whole
}

async function* behind(
  head: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  yield head
  yield* rest
}

/** Chunk by chunk: whatever it inflates to, no more than a chunk of it is held. */
async function* inflated(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let sourceError: unknown
  const gunzip = createGunzip({ chunkSize: INFLATE_CHUNK_BYTES })
  pipeline(Readable.from(source), gunzip, (error) => {
    sourceError = error
  })
  try {
    yield* gunzip as AsyncIterable<Uint8Array>
  } catch (error) {
    if (isZlibError(error)) throw refuse('invalid', '', 'the body is not sound gzip')
    throw sourceError ?? error
  }
}

function isZlibError(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException).code).startsWith('Z_')
}
