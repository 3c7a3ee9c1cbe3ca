import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { VaultKeys } from './vault-keys.ts'

/**
 * A value sealed under a key of its own, and that key sealed under a key-encryption key: AES-256-GCM both, each `iv 12 · tag 16 ·
 * ciphertext`. Both are bound to whose value it is: moved to another person, tenant or field neither opens.
 */
export interface Envelope {
  keyId: string
  wrapped: Buffer
  sealed: Buffer
}

/** Whose value it is. */
export interface Binding {
  /** Number of the tenant. */
  owner: number
  /** Key of the id it is kept at. */
  person: Buffer
  field: string
}

export function sealValue(value: string, binding: Binding, vault: VaultKeys): Envelope {
  const dataKey = randomBytes(KEY_BYTES)
  const sealed = seal(Buffer.from(value), dataKey, aadOf(binding, 'value'))
  return { ...wrap(dataKey, binding, vault), sealed }
}

/** Undefined where the key is not here, or it is another's value. */
export function openValue(
  { sealed, ...rest }: Envelope,
  binding: Binding,
  vault: VaultKeys,
): string | undefined {
  const dataKey = unwrap(rest, binding, vault)
  return dataKey && open(sealed, dataKey, aadOf(binding, 'value'))?.toString()
}

/** The same value, its key sealed under the current one; undefined where it is so already, or cannot be opened. */
export function rewrapped(
  envelope: Envelope,
  binding: Binding,
  vault: VaultKeys,
): Envelope | undefined {
  if (envelope.keyId === vault.current) return undefined
  const dataKey = unwrap(envelope, binding, vault)
  return dataKey && { ...wrap(dataKey, binding, vault), sealed: envelope.sealed }
}

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16

function wrap(dataKey: Buffer, binding: Binding, { current, keys }: VaultKeys) {
  return { keyId: current, wrapped: seal(dataKey, keys.get(current)!, aadOf(binding, current)) }
}

function unwrap(
  { keyId, wrapped }: Pick<Envelope, 'keyId' | 'wrapped'>,
  binding: Binding,
  { keys }: VaultKeys,
): Buffer | undefined {
  const key = keys.get(keyId)
  return key && open(wrapped, key, aadOf(binding, keyId))
}

function aadOf({ owner, person, field }: Binding, what: string): Buffer {
  return Buffer.from(['passerelle vault v1', what, owner, person.toString('hex'), field].join('\n'))
}

function seal(bytes: Buffer, key: Buffer, aad: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(aad)
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed])
}

function open(bytes: Buffer, key: Buffer, aad: Buffer): Buffer | undefined {
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES)).setAAD(aad)
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
  } catch {
    return undefined
  }
}
