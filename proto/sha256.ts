import { SHA256_WASM } from './generated/sha256-wasm.ts'
import { instantiate } from './instantiate.ts'

interface Core {
  begin(): void
  absorb(): void
}

export const SHA256_BYTES = 32

const { exports: core, memory, address } = instantiate<Core>(SHA256_WASM)
const STATE = address('STATE')
const BLOCK_BYTES = 64
const LENGTH_BYTES = 8
const block = new Uint8Array(memory, address('BLOCK'), BLOCK_BYTES)
const state = new DataView(memory, STATE, SHA256_BYTES)
const lengthAt = new DataView(memory, address('BLOCK') + BLOCK_BYTES - LENGTH_BYTES, LENGTH_BYTES)
const END_MARK = 0x80
const BITS_PER_BYTE = 8

/**
 * SHA-256 (FIPS 180-4) of `bytes[start, end)`: its 32 bytes are written to `out`. For messages as short as ids, of
 * which a bid request names one. Allocates nothing.
 */
export function sha256(bytes: Uint8Array, start: number, end: number, out: Uint8Array): void {
  core.begin()
  let from = start
  for (; end - from >= BLOCK_BYTES; from += BLOCK_BYTES) {
    fill(bytes, from, from + BLOCK_BYTES)
    core.absorb()
  }
  const rest = end - from
  fill(bytes, from, end)
  block[rest] = END_MARK
  block.fill(0, rest + 1)
  if (rest >= BLOCK_BYTES - LENGTH_BYTES) {
    core.absorb()
    block.fill(0)
  }
  lengthAt.setUint32(LENGTH_BYTES / 2, (end - start) * BITS_PER_BYTE)
  core.absorb()
  for (let word = 0; word < SHA256_BYTES; word += 4)
    writeWord(state.getUint32(word, true), out, word)
}

function fill(bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) block[i - from] = bytes[i]!
}

/** Big-endian, as digests are written. */
function writeWord(word: number, out: Uint8Array, at: number): void {
  out[at] = word >>> 24
  out[at + 1] = word >>> 16
  out[at + 2] = word >>> 8
  out[at + 3] = word
}
