import { randomBytes } from 'node:crypto'
import { HASH_BYTES, MESSAGE_BYTES, MESSAGE_WORDS } from '../../proto/siphash.ts'
import { LIMITS } from '../limits.ts'
import { type TokenContent, writeDescriptor } from './token-descriptor.ts'
import {
  Field,
  FLAG_TEST,
  FORMAT,
  IMPS_SHIFT,
  MAC_BYTES,
  NONCE_BYTES,
  type TokenKeys,
} from './token-seal.ts'

/** A descriptor ready to be sealed again and again. */
export interface Stamp {
  readonly descriptor: string
  /** Of the descriptor, as words of the message a seal's MAC is made over. */
  readonly digest: Uint32Array
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

/** Words of a seal before its MAC that do not differ within a second: format, time and nonce. */
const SAME_WORDS = Field.counter / 4
/** The words in which the descriptor's digest stands while the MAC is made; the first has the flags, too. */
const DIGEST_WORD = Math.floor(Field.mac / 4)
const DIGEST_WORDS = 5

/**
 * Makes the tokens of one process. What an answer carries is described once; each answer costs a seal, which is
 * made word by word where it is hashed.
 */
export class TokenMint {
  readonly #keys: TokenKeys
  readonly #head = Buffer.alloc(Field.counter)
  readonly #same = new Uint32Array(SAME_WORDS)
  #second = -1
  #counter = 0

  constructor(keys: TokenKeys) {
    this.#keys = keys
    this.#head[Field.format] = FORMAT
    this.#takeNonce()
  }

  stampOf(content: TokenContent): Stamp {
    const descriptor = writeDescriptor(content)
    const digest = Buffer.alloc(4 * DIGEST_WORDS)
    digest.set(this.#keys.digest(descriptor), Field.mac % 4)
    return { descriptor, digest: wordsOf(digest) }
  }

  /** Writes SEAL_CHARS characters into `out` from `at`: after `<descriptor>.` they make a token of their own. */
  seal({ digest }: Stamp, to: SealedFor, out: Uint8Array, at: number): void {
    const { atMs, exchange, isTest, imps } = to
    if (this.#counter === COUNTS) this.#takeNonce()
    const second = Math.floor(atMs / 1000)
    if (second !== this.#second) this.#takeSecond(second)
    const words = MESSAGE_WORDS
    for (let i = 0; i < SAME_WORDS; i++) words[i] = this.#same[i]!
    words[Field.counter >>> 2] = bigEndian(this.#counter++)
    words[Field.exchange >>> 2] = bigEndian(exchange)
    const told = Math.min(imps, LIMITS.tokenImpsMax)
    const flags = (told << IMPS_SHIFT) | (isTest ? FLAG_TEST : 0)
    words[DIGEST_WORD] = flags | digest[0]!
    for (let i = 1; i < DIGEST_WORDS; i++) words[DIGEST_WORD + i] = digest[i]!
    this.#keys.macInPlace()
    putBase64url(MESSAGE_BYTES, Field.mac, out, at)
    putBase64url(HASH_BYTES, MAC_BYTES, out, at + (Field.mac / 3) * 4)
  }

  /** With each start, and each round of the counter, ids begin anew somewhere else. */
  #takeNonce(): void {
    this.#head.set(randomBytes(NONCE_BYTES), Field.id)
    this.#counter = 0
    this.#second = -1
  }

  #takeSecond(second: number): void {
    this.#second = second
    this.#head.writeUInt32BE(second, Field.atS)
    this.#same.set(wordsOf(this.#head))
  }
}

/** Little-endian words, as `MESSAGE_WORDS` are. */
function wordsOf(bytes: Buffer): Uint32Array {
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i))
}

/** The word whose bytes are those of `value`, the highest first. */
function bigEndian(value: number): number {
  return (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)
}

const CHARS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')

/** `count` bytes, a whole number of three: no padding. */
function putBase64url(bytes: Uint8Array, count: number, out: Uint8Array, at: number): void {
  for (let i = 0, to = at; i < count; i += 3, to += 4) {
    const three = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    out[to] = CHARS[three >>> 18]!
    out[to + 1] = CHARS[(three >>> 12) & 63]!
    out[to + 2] = CHARS[(three >>> 6) & 63]!
    out[to + 3] = CHARS[three & 63]!
  }
}
