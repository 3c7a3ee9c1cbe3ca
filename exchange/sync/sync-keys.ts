import { type Cipher, createCipheriv } from 'node:crypto'
import { MAC_KEY_BYTES, ShortMac } from './short-mac.ts'

const BLOCK_BYTES = 16

/** AES-128 on single blocks, with one key for good. */
export class BlockCipher {
  readonly #cipher: Cipher

  constructor(key: Buffer) {
    this.#cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  }

  /** One block. */
  encrypt(block: Uint8Array): Buffer {
    return this.#cipher.update(block)
  }
}

/** Derives key material from the installation's root secret; see Audience.deriveKey. */
export type Derive = (label: string, bytes: number) => Buffer

/** The keys of cookie sync, each of its own purpose. */
export class SyncKeys {
  readonly state: ShortMac
  readonly cookie: ShortMac
  readonly derive: Derive
  readonly #pseudonyms = new Map<string, BlockCipher>()

  constructor(derive: Derive) {
    this.derive = derive
    this.state = new ShortMac(derive('sync-state v2', MAC_KEY_BYTES))
    this.cookie = new ShortMac(derive('browser-cookie v1', MAC_KEY_BYTES))
  }

  /** The cipher of one partner's pseudonyms; one for each partner and version in the catalog. */
  pseudonym(partner: number, version: number): BlockCipher {
    const label = `pseudonym v${version} partner ${partner}`
    let cipher = this.#pseudonyms.get(label)
    if (cipher === undefined) {
      cipher = new BlockCipher(this.derive(label, BLOCK_BYTES))
      this.#pseudonyms.set(label, cipher)
    }
    return cipher
  }
}
