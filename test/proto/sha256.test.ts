import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SHA256_BYTES, sha256 } from '../../proto/sha256.ts'

function ours(bytes: Uint8Array, start = 0, end = bytes.length): string {
  const out = Buffer.alloc(SHA256_BYTES)
  sha256(bytes, start, end, out)
  return out.toString('hex')
}

const theirs = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('every length about the ends of blocks, and the vectors of FIPS 180-4', () => {
  expect(ours(Buffer.from('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  for (let length = 0; length <= 300; length++) {
    const bytes = Buffer.alloc(length, length)
    expect(ours(bytes), `${length} bytes`).toBe(theirs(bytes))
  }
})

test('any bytes, anywhere in their buffer, one message after another', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_000 }), fc.nat(50), (bytes, offset) => {
      const shifted = Buffer.concat([Buffer.alloc(offset, 7), bytes, Buffer.alloc(3, 9)])
      expect(ours(shifted, offset, offset + bytes.length)).toBe(theirs(bytes))
    }),
    { numRuns: 500 },
  )
})
