/**
 * SHA-256 (FIPS 180-4) in AssemblyScript, one block at a time: a call into Node's own costs more than the hash
 * of an id, and leaves garbage. `sha256.ts` beside this folder pads the message and reads the digest.
 */
export const STATE: usize = 0
export const BLOCK: usize = 64
const SCHEDULE: usize = 128

const K: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]

// @ts-ignore
@inline function big0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22)
}

// @ts-ignore
@inline function big1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25)
}

// @ts-ignore
@inline function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z))
}

// @ts-ignore
@inline function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y))
}

export function begin(): void {
  store<u32>(STATE, 0x6a09e667)
  store<u32>(STATE, 0xbb67ae85, 4)
  store<u32>(STATE, 0x3c6ef372, 8)
  store<u32>(STATE, 0xa54ff53a, 12)
  store<u32>(STATE, 0x510e527f, 16)
  store<u32>(STATE, 0x9b05688c, 20)
  store<u32>(STATE, 0x1f83d9ab, 24)
  store<u32>(STATE, 0x5be0cd19, 28)
}

/** Takes the block at BLOCK. The digest so far stands at STATE, as words. */
export function absorb(): void {
  for (let t = 0; t < 16; t++)
    store<u32>(SCHEDULE + (t << 2), bswap<u32>(load<u32>(BLOCK + (t << 2))))
  for (let t = 16; t < 64; t++) {
    const at = SCHEDULE + (t << 2)
    const w15 = load<u32>(at - 60), w2 = load<u32>(at - 8)
    const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3)
    const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10)
    store<u32>(at, load<u32>(at - 64) + s0 + load<u32>(at - 28) + s1)
  }
  let a = load<u32>(STATE), b = load<u32>(STATE, 4), c = load<u32>(STATE, 8), d = load<u32>(STATE, 12)
  let e = load<u32>(STATE, 16), f = load<u32>(STATE, 20), g = load<u32>(STATE, 24), h = load<u32>(STATE, 28)
  // Eight rounds at a time, after which every word is back in its own variable: nothing is moved about.
  for (let t = 0; t < 64; t += 8) {
    const at = SCHEDULE + (t << 2)
    h += big1(e) + choose(e, f, g) + unchecked(K[t]) + load<u32>(at); d += h; h += big0(a) + majority(a, b, c)
    g += big1(d) + choose(d, e, f) + unchecked(K[t + 1]) + load<u32>(at, 4); c += g; g += big0(h) + majority(h, a, b)
    f += big1(c) + choose(c, d, e) + unchecked(K[t + 2]) + load<u32>(at, 8); b += f; f += big0(g) + majority(g, h, a)
    e += big1(b) + choose(b, c, d) + unchecked(K[t + 3]) + load<u32>(at, 12); a += e; e += big0(f) + majority(f, g, h)
    d += big1(a) + choose(a, b, c) + unchecked(K[t + 4]) + load<u32>(at, 16); h += d; d += big0(e) + majority(e, f, g)
    c += big1(h) + choose(h, a, b) + unchecked(K[t + 5]) + load<u32>(at, 20); g += c; c += big0(d) + majority(d, e, f)
    b += big1(g) + choose(g, h, a) + unchecked(K[t + 6]) + load<u32>(at, 24); f += b; b += big0(c) + majority(c, d, e)
    a += big1(f) + choose(f, g, h) + unchecked(K[t + 7]) + load<u32>(at, 28); e += a; a += big0(b) + majority(b, c, d)
  }
  store<u32>(STATE, load<u32>(STATE) + a)
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4)
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8)
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12)
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16)
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20)
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24)
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28)
}
