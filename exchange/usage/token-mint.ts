import { randomBytes } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import { type TokenContent, writeDescriptor } from './token-descriptor.ts'
import {
  DIGEST_BYTES,
  Field,
  FLAG_TEST,
  FORMAT,
  IMPS_SHIFT,
  NONCE_BYTES,
  SEAL_BYTES,
  type TokenKeys,
} from './token-seal.ts'

/** A descriptor ready to be sealed again and again. */
export interface Stamp {
  readonly descriptor: string
  readonly digest: Uint8Array
}

/** What a seal says of one answer. */
export interface SealedFor {
  /** Wall time of the answer (ms). */
  readonly atMs: number
  /** Number of the exchange the request came from; 0 unknown. */
  readonly exchange: number
  readonly isTest: boolean
  /** Impressions the request had. */
  readonly imps: number
}

const COUNTS = 2 ** 32

/** Makes the tokens of one process. What an answer carries is described once; each answer costs a seal. */
export class TokenMint {
  readonly #keys: TokenKeys
  readonly #block = new Uint8Array(Field.mac + DIGEST_BYTES)
  #counter = 0

  constructor(keys: TokenKeys) {
    this.#keys = keys
    this.#block[Field.format] = FORMAT
    this.#takeNonce()
  }

  stampOf(content: TokenContent): Stamp {
    const descriptor = writeDescriptor(content)
    return { descriptor, digest: this.#keys.digest(descriptor) }
  }

  /** Writes SEAL_CHARS characters into `out` from `at`: after `<descriptor>.` they make a token of their own. */
  seal(stamp: Stamp, to: SealedFor, out: Uint8Array, at: number): void {
    const { atMs, exchange, isTest, imps } = to
    const block = this.#block
    if (this.#counter === COUNTS) this.#takeNonce()
    putUint32(block, Field.atS, Math.floor(atMs / 1000))
    putUint32(block, Field.counter, this.#counter++)
    putUint32(block, Field.exchange, exchange)
    const told = Math.min(imps, LIMITS.tokenImpsMax)
    block[Field.flags] = (told << IMPS_SHIFT) | (isTest ? FLAG_TEST : 0)
    this.#keys.putMac(block, stamp.digest)
    putBase64url(block, out, at)
  }

  /** With each start, and each round of the counter, ids begin anew somewhere else. */
  #takeNonce(): void {
    this.#block.set(randomBytes(NONCE_BYTES), Field.id)
    this.#counter = 0
  }
}

function putUint32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
}

const CHARS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

/** A seal has a whole number of three bytes: no padding. */
function putBase64url(block: Uint8Array, out: Uint8Array, at: number): void {
  for (let i = 0, to = at; i < SEAL_BYTES; i += 3, to += 4) {
    const three = (block[i]! << 16) | (block[i + 1]! << 8) | block[i + 2]!
    out[to] = CHARS[three >>> 18]!
    out[to + 1] = CHARS[(three >>> 12) & 63]!
    out[to + 2] = CHARS[(three >>> 6) & 63]!
    out[to + 3] = CHARS[three & 63]!
  }
}
