import { describe, expect, it } from 'vitest'
import { sipHash128, sipHash128Raw } from '../../proto/siphash.ts'
import { seeded } from '../support/random.ts'

const wordsOf = (bytes: Buffer) =>
  Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4))
const hexOf = (words: Uint32Array) => {
  const bytes = Buffer.alloc(words.length * 4)
  words.forEach((word, i) => void bytes.writeUInt32LE(word, i * 4))
  return bytes.toString('hex')
}
const counting = Buffer.from(Array.from({ length: 64 }, (_, i) => i))
const key = wordsOf(counting.subarray(0, 16))

const raw = (bytes: Uint8Array, start = 0, end = bytes.length) => {
  const out = new Uint32Array(4)
  sipHash128Raw(key, bytes, start, end, out, 0)
  return hexOf(out)
}

describe('SipHash-2-4-128', () => {
  it('gives the published digests of 00, 01, 02 … under the key 00 … 0f', () => {
    expect(raw(Buffer.of())).toBe('a3817f04ba25a8e66df67214c7550293')
    expect(raw(counting.subarray(0, 1))).toBe('da87c1d86b99af44347659119b22fc45')
  })

  it('is what a slow one on BigInts gives, for every length, place and random key', () => {
    const random = seeded(7)
    for (let length = 0; length < 64; length++) {
      const bytes = Buffer.from(Array.from({ length: 80 }, () => random.int(256)))
      const start = random.int(16)
      for (let i = 0; i < 4; i++) key[i] = random.int(2 ** 32)
      const message = bytes.subarray(start, start + length)
      expect(raw(bytes, start, start + length)).toBe(slow(key, message))

      const prefix = random.int(2 ** 32)
      const out = new Uint32Array(6)
      sipHash128(key, prefix, bytes, start, start + length, out, 2)
      const prefixed = Buffer.concat([Buffer.alloc(4), message])
      prefixed.writeUInt32LE(prefix)
      expect(hexOf(out.subarray(2))).toBe(slow(key, prefixed))
      expect([...out.subarray(0, 2)]).toEqual([0, 0])
    }
  })

  it.for([96, 97, 32_763, 32_764, 32_765, 32_768, 32_769, 70_000])(
    'is that for a message of %i bytes too, which may come in parts',
    (length) => {
      const random = seeded(length)
      const bytes = Buffer.from(Array.from({ length }, () => random.int(256)))
      expect(raw(bytes)).toBe(slow(key, bytes))
      const out = new Uint32Array(4)
      sipHash128(key, 0x01020304, bytes, 0, length, out, 0)
      expect(hexOf(out)).toBe(slow(key, Buffer.concat([Buffer.from([4, 3, 2, 1]), bytes])))
    },
  )
})

const MASK = 2n ** 64n - 1n
const rotate = (x: bigint, n: bigint) => ((x << n) | (x >> (64n - n))) & MASK

/** The reference code, word for word. */
function slow(words: Uint32Array, message: Uint8Array): string {
  const k0 = BigInt(words[0]!) | (BigInt(words[1]!) << 32n)
  const k1 = BigInt(words[2]!) | (BigInt(words[3]!) << 32n)
  const v = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn ^ 0xeen,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ] as [bigint, bigint, bigint, bigint]
  const rounds = (n: number) => {
    for (let i = 0; i < n; i++) slowRound(v)
  }
  const padded = Buffer.alloc((message.length & ~7) + 8)
  padded.set(message)
  padded[padded.length - 1] = message.length
  for (let at = 0; at < padded.length; at += 8) {
    const m = padded.readBigUInt64LE(at)
    v[3] ^= m
    rounds(2)
    v[0] ^= m
  }
  const out = Buffer.alloc(16)
  v[2] ^= 0xeen
  rounds(4)
  out.writeBigUInt64LE(v[0] ^ v[1] ^ v[2] ^ v[3])
  v[1] ^= 0xddn
  rounds(4)
  out.writeBigUInt64LE(v[0] ^ v[1] ^ v[2] ^ v[3], 8)
  return out.toString('hex')
}

function slowRound(v: [bigint, bigint, bigint, bigint]): void {
  v[0] = (v[0] + v[1]) & MASK
  v[1] = rotate(v[1], 13n) ^ v[0]
  v[0] = rotate(v[0], 32n)
  v[2] = (v[2] + v[3]) & MASK
  v[3] = rotate(v[3], 16n) ^ v[2]
  v[0] = (v[0] + v[3]) & MASK
  v[3] = rotate(v[3], 21n) ^ v[0]
  v[2] = (v[2] + v[1]) & MASK
  v[1] = rotate(v[1], 17n) ^ v[2]
  v[2] = rotate(v[2], 32n)
}
