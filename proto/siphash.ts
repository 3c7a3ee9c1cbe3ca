import { SIPHASH_WASM } from './generated/siphash-wasm.ts'
import { instantiate } from './instantiate.ts'

/**
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein; `outlen` 16 of their reference code). Its
 * inner part is WebAssembly (wasm/siphash.ts). Allocates nothing.
 *
 * `key` is four words (the key's 16 bytes, little-endian). Four words are written to `out` from `at`:
 * the digest's 16 bytes in order, little-endian likewise.
 */

/** Hashes `prefix` (a uint32, as four little-endian bytes), then `bytes[start, end)`. */
export function sipHash128(
  key: Uint32Array,
  prefix: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint32Array,
  at: number,
): void {
  begin(key)
  words[PREFIX] = prefix
  digest(PREFIX_BYTES, bytes, start, end)
  writeDigest(out, at)
}

/** Hashes `bytes[start, end)` alone, as the published vectors do. */
export function sipHash128Raw(
  key: Uint32Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint32Array,
  at: number,
): void {
  begin(key)
  digest(0, bytes, start, end)
  writeDigest(out, at)
}

interface Core {
  begin(): void
  absorb(length: number): void
  finish(length: number, total: number): void
}

/**
 * Hashes the first `length` bytes of `MESSAGE_WORDS` alone, made there by the caller, and leaves the 16 bytes in
 * `HASH_BYTES`: for who hashes at every request, and for whom copying costs more than hashing. Both are
 * anybody's again with the next hash.
 */
export function sipHash128InPlace(key: Uint32Array, length: number): void {
  begin(key)
  core.finish(length, length)
}

const { exports: core, memory, address } = instantiate<Core>(SIPHASH_WASM)
const words = new Uint32Array(memory)
const KEY = address('KEY') >>> 2
const DIGEST = address('DIGEST') >>> 2
const MESSAGE_MAX = address('MESSAGE_MAX')
const message = new Uint8Array(memory, address('MESSAGE'), MESSAGE_MAX)
const PREFIX = address('MESSAGE') >>> 2
/** See sipHash128InPlace: little-endian, and the same as bytes. */
export const MESSAGE_WORDS = new Uint32Array(memory, address('MESSAGE'), MESSAGE_MAX / 4)
export const MESSAGE_BYTES: Uint8Array = message
export const HASH_BYTES = new Uint8Array(memory, address('DIGEST'), 16)
const PREFIX_BYTES = 4
/** Up to here a loop is quicker than making the view that `set` needs. */
const SHORT_MAX = 96

function begin(key: Uint32Array): void {
  words[KEY] = key[0]!
  words[KEY + 1] = key[1]!
  words[KEY + 2] = key[2]!
  words[KEY + 3] = key[3]!
  core.begin()
}

/** The message is what lies in `message[0, filled)` already, then `bytes[start, end)`. */
function digest(filled: number, bytes: Uint8Array, start: number, end: number): void {
  const total = filled + end - start
  let from = start
  let at = filled
  while (at + end - from > MESSAGE_MAX) {
    const until = from + MESSAGE_MAX - at
    message.set(bytes.subarray(from, until), at)
    core.absorb(MESSAGE_MAX)
    from = until
    at = 0
  }
  if (end - from > SHORT_MAX) message.set(bytes.subarray(from, end), at)
  else for (let i = from; i < end; i++) message[at + i - from] = bytes[i]!
  core.finish(at + end - from, total)
}

function writeDigest(out: Uint32Array, at: number): void {
  out[at] = words[DIGEST]!
  out[at + 1] = words[DIGEST + 1]!
  out[at + 2] = words[DIGEST + 2]!
  out[at + 3] = words[DIGEST + 3]!
}
