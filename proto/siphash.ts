/**
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein; `outlen` 16 of their reference code), in
 * halves of 32 bits, since JavaScript has no 64-bit integers that cost nothing. Allocates nothing.
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
  prefixBytes = 4
  firstHalf = prefix | 0
  digest(key, bytes, start, end)
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
  prefixBytes = 0
  digest(key, bytes, start, end)
  writeDigest(out, at)
}

let prefixBytes = 0
let firstHalf = 0

// The digest of the last call, in words.
let digest0 = 0
let digest1 = 0
let digest2 = 0
let digest3 = 0

function writeDigest(out: Uint32Array, at: number): void {
  out[at] = digest0
  out[at + 1] = digest1
  out[at + 2] = digest2
  out[at + 3] = digest3
}

/** v0 … v3 of the paper, `a` its lower half and `b` its upper. */
function digest(key: Uint32Array, bytes: Uint8Array, start: number, end: number): void {
  let a0 = key[0]! ^ 0x70736575
  let b0 = key[1]! ^ 0x736f6d65
  let a1 = key[2]! ^ 0x6e646f6d ^ 0xee
  let b1 = key[3]! ^ 0x646f7261
  let a2 = key[0]! ^ 0x6e657261
  let b2 = key[1]! ^ 0x6c796765
  let a3 = key[2]! ^ 0x79746573
  let b3 = key[3]! ^ 0x74656462
  const length = prefixBytes + end - start
  const words = (length >>> 3) + 1
  const base = start - prefixBytes
  // A step for each word of the message, then one for each half of the digest.
  for (let step = 0; step < words + 2; step++) {
    const isMessage = step < words
    let low = 0
    let high = 0
    if (isMessage) {
      low = step === 0 && prefixBytes !== 0 ? firstHalf : half(bytes, base + step * 8, end)
      high = half(bytes, base + step * 8 + 4, end)
      if (step === words - 1) high |= length << 24
      a3 ^= low
      b3 ^= high
    } else if (step === words) a2 ^= 0xee
    else a1 ^= 0xdd
    for (let rounds = isMessage ? 2 : 4; rounds > 0; rounds--) {
      const a01 = (a0 + a1) | 0
      const b01 = (b0 + b1 + (a01 >>> 0 < a1 >>> 0 ? 1 : 0)) | 0
      const a12 = ((a1 << 13) | (b1 >>> 19)) ^ a01
      const b12 = ((b1 << 13) | (a1 >>> 19)) ^ b01
      const a23 = (a2 + a3) | 0
      const b23 = (b2 + b3 + (a23 >>> 0 < a3 >>> 0 ? 1 : 0)) | 0
      const a32 = ((a3 << 16) | (b3 >>> 16)) ^ a23
      const b32 = ((b3 << 16) | (a3 >>> 16)) ^ b23
      // v0 was rotated by 32 here: its halves change places.
      a0 = (b01 + a32) | 0
      b0 = (a01 + b32 + (a0 >>> 0 < a32 >>> 0 ? 1 : 0)) | 0
      a3 = ((a32 << 21) | (b32 >>> 11)) ^ a0
      b3 = ((b32 << 21) | (a32 >>> 11)) ^ b0
      const a21 = (a23 + a12) | 0
      const b21 = (b23 + b12 + (a21 >>> 0 < a12 >>> 0 ? 1 : 0)) | 0
      a1 = ((a12 << 17) | (b12 >>> 15)) ^ a21
      b1 = ((b12 << 17) | (a12 >>> 15)) ^ b21
      // And v2 here.
      a2 = b21
      b2 = a21
    }
    if (isMessage) {
      a0 ^= low
      b0 ^= high
    } else if (step === words) {
      digest0 = a0 ^ a1 ^ a2 ^ a3
      digest1 = b0 ^ b1 ^ b2 ^ b3
    } else {
      digest2 = a0 ^ a1 ^ a2 ^ a3
      digest3 = b0 ^ b1 ^ b2 ^ b3
    }
  }
}

/** Four bytes from `at` as a word; zeros stand for what lies beyond `end`. */
function half(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 <= end)
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  let word = 0
  for (let i = end - 1; i >= at; i--) word = (word << 8) | bytes[i]!
  return word
}
