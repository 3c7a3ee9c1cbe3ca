import { createHmac } from 'node:crypto'
import { SHA256_BYTES, sha256 } from '../../proto/sha256.ts'
import { sipHash128 } from '../../proto/siphash.ts'
import { deriveKey } from '../derive-key.ts'
import { LIMITS } from '../limits.ts'
import { IFA, IFA_HASH, idForm, isContactHash, isPeppered, PEPPERED } from '../namespace.ts'
import type { IdRef, UserKey } from '../store/store.ts'

/** Words of a key where it is carried as numbers. */
export const KEY_WORDS = 4
export const KEY_BYTES = 16

/**
 * Makes the key under which an id is known: 128-bit SipHash-2-4 of its namespace's number and its
 * value, keyed from the installation's root secret, so that keys can neither be guessed nor made to
 * collide. The same id has the same key everywhere in one installation, and in no other.
 *
 * The key of a device's id is made of the id's SHA-256, so that whoever knows it by that hash alone, as a
 * deletion list does, has the same key.
 *
 * Where speed counts a key is four words; stores take the same as 16 bytes, little-endian.
 */
export class UserKeys {
  readonly #sipKey: Uint32Array
  readonly #bytes = Buffer.alloc(LIMITS.idBytesMax * UTF8_BYTES_PER_UNIT)
  readonly #words = new Uint32Array(KEY_WORDS)
  readonly #digest = new Uint8Array(SHA256_BYTES)
  readonly #pepper: Buffer

  /** `rootSecret`: 32 bytes, see Store.rootSecret. */
  constructor(rootSecret: Uint8Array) {
    this.#sipKey = new Uint32Array(KEY_WORDS)
    readKey(deriveKey(rootSecret, LABEL, KEY_BYTES), this.#sipKey, 0)
    this.#pepper = deriveKey(rootSecret, PEPPER_LABEL, SHA256_BYTES)
  }

  /**
   * An id as it is kept: its key, and its value in the form of its namespace. A hash of an address or a number can be
   * guessed from a list of them: of those only the keyed hash of the hash is kept.
   */
  ref(namespace: number, value: string): IdRef {
    const form = this.form(namespace, value)
    return { key: this.of(namespace, form), namespace, value: form }
  }

  /** The value of `ref`; of one that has that form already, the same. */
  form(namespace: number, value: string): string {
    if (isContactHash(namespace) && isPeppered(value)) return value
    const form = idForm(namespace, value)
    if (!isContactHash(namespace)) return form
    const digest = createHmac('sha256', this.#pepper).update(Buffer.from(form, 'hex')).digest()
    return PEPPERED + digest.toString('base64url')
  }

  /** Writes the key of `bytes[start … end)` into `out[at … at+3]`. Allocates nothing. */
  hash(
    namespace: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Uint32Array,
    at: number,
  ): void {
    if (namespace !== IFA.number) {
      sipHash128(this.#sipKey, namespace, bytes, start, end, out, at)
      return
    }
    sha256(bytes, start, end, this.#digest)
    sipHash128(this.#sipKey, IFA.number, this.#digest, 0, SHA256_BYTES, out, at)
  }

  /** The key of an id as text, already checked and in the form of `form`. */
  of(namespace: number, value: string): UserKey {
    if (namespace === IFA_HASH.number) return this.#ofHashedIfa(value)
    const bytes = value.length <= LIMITS.idBytesMax ? this.#bytes : Buffer.from(value)
    const end = bytes === this.#bytes ? bytes.write(value) : bytes.length
    this.hash(namespace, bytes, 0, end, this.#words, 0)
    return keyOf(this.#words, 0)
  }

  /** `value`: 64 hexadecimal digits. */
  #ofHashedIfa(value: string): UserKey {
    const digest = Buffer.from(value, 'hex')
    sipHash128(this.#sipKey, IFA.number, digest, 0, SHA256_BYTES, this.#words, 0)
    return keyOf(this.#words, 0)
  }
}

const LABEL = 'user-key v1'
const PEPPER_LABEL = 'contact-pepper v1'
const UTF8_BYTES_PER_UNIT = 3

/** The key at `words[at … at+3]` as stores take it. */
export function keyOf(words: Uint32Array, at: number): UserKey {
  const key = Buffer.allocUnsafe(KEY_BYTES)
  for (let i = 0; i < KEY_WORDS; i++) key.writeUInt32LE(words[at + i]!, i * 4)
  return key
}

/** Reads the key that begins at `bytes[from]`, as stores have it, into `words[at … at+3]`. */
export function readKey(bytes: Uint8Array, words: Uint32Array, at: number, from = 0): void {
  for (let i = 0; i < KEY_WORDS; i++) {
    const b = from + i * 4
    words[at + i] = bytes[b]! | (bytes[b + 1]! << 8) | (bytes[b + 2]! << 16) | (bytes[b + 3]! << 24)
  }
}
