import { firstHalf, keyed, restored, secondHalf, v0, v1, v2, v3, word } from './sip-state'

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

/** Writes `count` texts; `stamp` is in all of them. */
export function mint(count: i32, stamp: u32): void {
  keyed(KEY)
  word(load<u64>(PREFIX))
  word(load<u64>(PREFIX, 8))
  const p0 = v0, p1 = v1, p2 = v2, p3 = v3
  store<u32>(RECORD + 5, bswap<u32>(stamp))
  for (let i: usize = 0; i < usize(count); i++) {
    store<u8>(RECORD, load<u8>(HEADS + i))
    store<u32>(RECORD + 1, bswap<u32>(load<u32>(NUMBERS + (i << 2))))
    store<u64>(RECORD + 9, load<u64>(NONCES + i * NONCE_BYTES))
    store<u8>(RECORD + 17, load<u8>(NONCES + i * NONCE_BYTES + 8))
    restored(p0, p1, p2, p3)
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
  store<u64>(RECORD + RECORD_BYTES, firstHalf())
  store<u32>(RECORD + RECORD_BYTES + 8, u32(secondHalf()))
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
