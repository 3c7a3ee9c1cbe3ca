import { hkdfSync } from 'node:crypto'

/** A key for one purpose: HKDF-SHA-256 of the root secret under a label such as `user-key v1`. */
export function deriveKey(rootSecret: Uint8Array, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', rootSecret, '', label, bytes))
}
