/** The state of SipHash-2-4-128 and its steps, in AssemblyScript, for the modules that sign with it. */
export let v0: u64 = 0
export let v1: u64 = 0
export let v2: u64 = 0
export let v3: u64 = 0

// @ts-ignore
@inline export function rounds(count: i32): void {
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
@inline export function word(m: u64): void {
  v3 ^= m
  rounds(2)
  v0 ^= m
}

/** Begins with the key at an address. */
// @ts-ignore
@inline export function keyed(at: usize): void {
  const k0 = load<u64>(at), k1 = load<u64>(at, 8)
  v0 = k0 ^ 0x736f6d6570736575
  v1 = k1 ^ 0x646f72616e646f6d ^ 0xee
  v2 = k0 ^ 0x6c7967656e657261
  v3 = k1 ^ 0x7465646279746573
}

// @ts-ignore
@inline export function restored(a: u64, b: u64, c: u64, d: u64): void {
  v0 = a; v1 = b; v2 = c; v3 = d
}

/** The last rounds; its two halves come one after the other. */
// @ts-ignore
@inline export function firstHalf(): u64 {
  v2 ^= 0xee
  rounds(4)
  return v0 ^ v1 ^ v2 ^ v3
}

// @ts-ignore
@inline export function secondHalf(): u64 {
  v1 ^= 0xdd
  rounds(4)
  return v0 ^ v1 ^ v2 ^ v3
}
