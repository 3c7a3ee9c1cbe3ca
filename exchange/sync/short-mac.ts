import { readKey } from '../../audience/people/user-key.ts'
import { sipHash128Raw } from '../../proto/siphash.ts'

/** Bytes of a MAC, and of its key. */
export const MAC_BYTES = 12
export const MAC_KEY_BYTES = 16

const WORDS = 4

/**
 * MACs for what a browser holds and sends back: SipHash-2-4-128, a PRF made for short inputs (Aumasson and
 * Bernstein 2012), cut to 96 bits. HMAC-SHA-256 of the same costs ten times as much.
 */
export class ShortMac {
  /** Words of SipHash. */
  readonly key = new Uint32Array(WORDS)
  readonly #words = new Uint32Array(WORDS)

  /** `key`: MAC_KEY_BYTES. */
  constructor(key: Uint8Array) {
    readKey(key, this.key, 0)
  }

  /** Writes the MAC of `bytes[0, end)` behind it. */
  sign(bytes: Buffer, end: number): void {
    this.#digest(bytes, end)
    for (let i = 0; i < MAC_BYTES / 4; i++) bytes.writeUInt32LE(this.#words[i]!, end + i * 4)
  }

  /** Whether the MAC of `bytes[0, end)` stands behind it; takes as long wherever they differ. */
  holds(bytes: Buffer, end: number): boolean {
    this.#digest(bytes, end)
    let differs = 0
    for (let i = 0; i < MAC_BYTES / 4; i++)
      differs |= this.#words[i]! ^ bytes.readInt32LE(end + i * 4)
    return differs === 0
  }

  #digest(bytes: Buffer, end: number): void {
    sipHash128Raw(this.key, bytes, 0, end, this.#words, 0)
  }
}
