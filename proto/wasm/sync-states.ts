/**
 * Many short records at once, each signed with SipHash-2-4-128 (wasm/siphash.ts) of a prefix that they share and its own
 * bytes, and written in base64url, in AssemblyScript: byte by byte in TypeScript the same takes three times as long.
 * `mint-states.ts` beside this folder says what lies where.
 */
export const KEY: usize = 0
export const PREFIX: usize = 16
/** A record and the mac behind it, in bytes: what becomes one text. */
const RECORD: usize = 32
/** Of each record: its number, big-endian, and the byte before that. */
export const NUMBERS: usize = 64
export const HEADS: usize = 320
/** Random bytes, nine for each record. */
export const NONCES: usize = 384
/** Forty characters each. */
export const TEXTS: usize = 960
/** The two characters of each twelve bits. */
export const PAIRS: usize = 8192
export const RECORDS_MAX: i32 = 64

const NONCE_BYTES: usize = 9
const RECORD_BYTES: usize = 18
const PREFIXED_BYTES: u64 = 34
const TEXT_CHARS: usize = 40

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

// @ts-ignore
@inline function word(m: u64): void {
  v3 ^= m
  rounds(2)
  v0 ^= m
}

/** Writes `count` texts; `stamp` is in all of them. */
export function mint(count: i32, stamp: u32): void {
  const k0 = load<u64>(KEY), k1 = load<u64>(KEY, 8)
  v0 = k0 ^ 0x736f6d6570736575
  v1 = k1 ^ 0x646f72616e646f6d ^ 0xee
  v2 = k0 ^ 0x6c7967656e657261
  v3 = k1 ^ 0x7465646279746573
  word(load<u64>(PREFIX))
  word(load<u64>(PREFIX, 8))
  const p0 = v0, p1 = v1, p2 = v2, p3 = v3
  store<u32>(RECORD + 5, bswap<u32>(stamp))
  for (let i: usize = 0; i < usize(count); i++) {
    store<u8>(RECORD, load<u8>(HEADS + i))
    store<u32>(RECORD + 1, bswap<u32>(load<u32>(NUMBERS + (i << 2))))
    store<u64>(RECORD + 9, load<u64>(NONCES + i * NONCE_BYTES))
    store<u8>(RECORD + 17, load<u8>(NONCES + i * NONCE_BYTES + 8))
    v0 = p0; v1 = p1; v2 = p2; v3 = p3
    sign()
    write(TEXTS + i * TEXT_CHARS)
  }
}

/** The mac of prefix and record, twelve bytes of it behind the record. */
// @ts-ignore
@inline function sign(): void {
  word(load<u64>(RECORD))
  word(load<u64>(RECORD, 8))
  word(u64(load<u16>(RECORD, 16)) | (PREFIXED_BYTES << 56))
  v2 ^= 0xee
  rounds(4)
  store<u64>(RECORD + RECORD_BYTES, v0 ^ v1 ^ v2 ^ v3)
  v1 ^= 0xdd
  rounds(4)
  store<u32>(RECORD + RECORD_BYTES + 8, u32(v0 ^ v1 ^ v2 ^ v3))
}

// @ts-ignore
@inline function write(to: usize): void {
  for (let at: usize = 0; at < 30; at += 3) {
    const bits = bswap<u32>(load<u32>(RECORD + at)) >> 8
    store<u16>(to, load<u16>(PAIRS + (usize(bits >> 12) << 1)))
    store<u16>(to + 2, load<u16>(PAIRS + (usize(bits & 4095) << 1)))
    to += 4
  }
}
