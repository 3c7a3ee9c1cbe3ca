import { firstHalf, keyed, secondHalf, word } from './sip-state'

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

/** Takes the key at KEY. */
export function begin(): void {
  keyed(KEY)
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
  store<u64>(DIGEST, firstHalf())
  store<u64>(DIGEST, secondHalf(), 8)
}
