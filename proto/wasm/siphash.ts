/**
 * SipHash-2-4 with 128 bits of output in AssemblyScript: its 64-bit words are WebAssembly's own, where
 * plain TypeScript needs halves with carries and takes three times as long. `siphash.ts` beside this
 * folder puts key and message where they belong and reads the digest.
 */
export const KEY: usize = 0
export const DIGEST: usize = 16
export const MESSAGE: usize = 64
/** Bytes of message in memory at once; a longer one comes in parts. A multiple of 8. */
export const MESSAGE_MAX: i32 = 32768

let v0: u64 = 0
let v1: u64 = 0
let v2: u64 = 0
let v3: u64 = 0

// @ts-ignore
@inline function rounds(count: i32): void {
  let a = v0, b = v1, c = v2, d = v3
  for (let i = 0; i < count; i++) {
    a += b; b = rotl<u64>(b, 13); b ^= a; a = rotl<u64>(a, 32)
    c += d; d = rotl<u64>(d, 16); d ^= c
    a += d; d = rotl<u64>(d, 21); d ^= a
    c += b; b = rotl<u64>(b, 17); b ^= c; c = rotl<u64>(c, 32)
  }
  v0 = a; v1 = b; v2 = c; v3 = d
}

function word(m: u64): void {
  v3 ^= m
  rounds(2)
  v0 ^= m
}

/** Takes the key at KEY. */
export function begin(): void {
  const k0 = load<u64>(KEY), k1 = load<u64>(KEY, 8)
  v0 = k0 ^ 0x736f6d6570736575
  v1 = k1 ^ 0x646f72616e646f6d ^ 0xee
  v2 = k0 ^ 0x6c7967656e657261
  v3 = k1 ^ 0x7465646279746573
}

/** Takes `length` bytes of a message that goes on: a multiple of 8. */
export function absorb(length: i32): void {
  for (let at: i32 = 0; at < length; at += 8) word(load<u64>(MESSAGE + at))
}

/** Takes the last `length` bytes, up to MESSAGE_MAX, of a message of `total`, and leaves its digest at DIGEST. */
export function finish(length: i32, total: i32): void {
  const whole = length & ~7
  absorb(whole)
  const rest = (length & 7) << 3
  word((load<u64>(MESSAGE + whole) & ((<u64>1 << rest) - 1)) | (<u64>total << 56))
  v2 ^= 0xee
  rounds(4)
  store<u64>(DIGEST, v0 ^ v1 ^ v2 ^ v3)
  v1 ^= 0xdd
  rounds(4)
  store<u64>(DIGEST, v0 ^ v1 ^ v2 ^ v3, 8)
}
