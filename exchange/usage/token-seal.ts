import { readKey } from '../../audience/people/user-key.ts'
import { sipHash128InPlace, sipHash128Raw } from '../../proto/siphash.ts'

/**
 * The second part of a token: 36 bytes, 48 characters of base64url. It says when and for which answer,
 * and holds the MAC over that and over the descriptor.
 *
 *   0      format, 1
 *   1–4    seconds since the epoch
 *   5–15   id of the token: 7 random bytes of the process, 4 of a counter
 *   16–19  number of the exchange the request came from; 0 unknown
 *   20     1 = the request was a test; from bit 1 on how many impressions it had, 127 for more, 0 not told
 *   21–35  MAC: 15 bytes of SipHash-2-4-128 over bytes 0–20 and the descriptor's digest
 */
export const SEAL_CHARS = 48
export const SEAL_BYTES = 36
export const FORMAT = 1
export const Field = {
  format: 0,
  atS: 1,
  id: 5,
  counter: 12,
  exchange: 16,
  flags: 20,
  mac: 21,
} as const
export const ID_BYTES = 11
export const NONCE_BYTES = Field.counter - Field.id
export const MAC_BYTES = SEAL_BYTES - Field.mac
export const DIGEST_BYTES = 16
export const FLAG_TEST = 1
/** So far left of it stands how many impressions there were. */
export const IMPS_SHIFT = 1

/** Label of the key in the derivation from the root secret, and its length. */
export const TOKEN_KEY_LABEL = 'usage-token v1'
export const TOKEN_KEY_BYTES = 32

/** Keyed digests of descriptors and seals, each under a key of its own. */
export class TokenKeys {
  readonly #descriptors = new Uint32Array(4)
  readonly #seals = new Uint32Array(4)
  readonly #words = new Uint32Array(4)

  /** `key`: TOKEN_KEY_BYTES bytes. */
  constructor(key: Uint8Array) {
    readKey(key, this.#descriptors, 0)
    readKey(key, this.#seals, 0, 16)
  }

  /** DIGEST_BYTES bytes that stand for a descriptor. */
  digest(descriptor: string): Uint8Array {
    const bytes = Buffer.from(descriptor, 'latin1')
    sipHash128Raw(this.#descriptors, bytes, 0, bytes.length, this.#words, 0)
    const digest = new Uint8Array(DIGEST_BYTES)
    this.#putWords(digest, 0, DIGEST_BYTES)
    return digest
  }

  /**
   * Writes the MAC into `block[Field.mac …]`, where the descriptor's digest stands while it is made:
   * `block` has room for a seal and one byte more. Allocates nothing.
   */
  putMac(block: Uint8Array, digest: Uint8Array): void {
    for (let i = 0; i < DIGEST_BYTES; i++) block[Field.mac + i] = digest[i]!
    sipHash128Raw(this.#seals, block, 0, Field.mac + DIGEST_BYTES, this.#words, 0)
    this.#putWords(block, Field.mac, MAC_BYTES)
  }

  /** The same over a seal and digest that stand in `MESSAGE_WORDS` of proto/siphash.ts; the MAC stands in its `HASH_BYTES`. */
  macInPlace(): void {
    sipHash128InPlace(this.#seals, Field.mac + DIGEST_BYTES)
  }

  #putWords(into: Uint8Array, at: number, bytes: number): void {
    for (let i = 0; i < bytes; i++) into[at + i] = this.#words[i >> 2]! >>> ((i & 3) * 8)
  }
}
