import { createCipheriv, randomBytes } from 'node:crypto'
import type { TokenKeys } from '../../audience/tokens/key-ring.ts'

/** Keys as an operator would give them. */
export const TOKEN_KEYS: TokenKeys = {
  keys: [164, 165, 166].map((id) => ({ id, secret: Buffer.alloc(32, id).toString('base64') })),
}

export interface MintOptions {
  version?: 2 | 3 | 4
  scope?: 'uid2' | 'euid'
  /** 32 or 33 bytes. */
  id?: Buffer
  createdMs?: number
  expiresMs: number
  masterKey?: number
  siteKey?: number
  site?: number
  /** 2: made by a page itself. */
  privacyBits?: number
  keys?: TokenKeys
}

/** An advertising token of UID2 or EUID, made as their operators make them. */
export function mintToken(options: MintOptions): string {
  const { version = 4 } = options
  if (version === 2) return mintV2(options)
  const bytes = mintV3(options)
  return version === 3 ? bytes.toString('base64') : bytes.toString('base64url')
}

export const RAW_ID = Buffer.alloc(32, 7)

function mintV3({ id = RAW_ID, expiresMs, ...more }: MintOptions): Buffer {
  const { createdMs = expiresMs - 3_600_000, masterKey = 164, siteKey = 165, site = 9000 } = more
  const { version = 4, scope = 'uid2', privacyBits = 0, keys = TOKEN_KEYS } = more
  const site_ = [u32(site), u64(1), u32(2), u32(privacyBits), u64(createdMs), u64(createdMs), id]
  const sealed = gcm(Buffer.concat(site_), keyOf(keys, siteKey))
  const operator = [u32(1), Buffer.from([1]), u32(2), u32(3)]
  const master = Buffer.concat([u64(expiresMs), u64(createdMs), ...operator, u32(siteKey), sealed])
  const head = Buffer.from([(scope === 'euid' ? 0x10 : 0) | 3, version === 3 ? 112 : 128])
  return Buffer.concat([head, u32(masterKey), gcm(master, keyOf(keys, masterKey))])
}

function mintV2({ id = RAW_ID, expiresMs, ...more }: MintOptions): string {
  const { masterKey = 164, siteKey = 165, site = 9000, privacyBits = 0, keys = TOKEN_KEYS } = more
  const text = Buffer.from(id.toString('base64'))
  const site_ = [u32(site), u32(text.length), text, u32(privacyBits), u64(expiresMs)]
  const sealed = cbc(Buffer.concat(site_), keyOf(keys, siteKey))
  const master = cbc(Buffer.concat([u64(expiresMs), u32(siteKey), sealed]), keyOf(keys, masterKey))
  return Buffer.concat([Buffer.from([2]), u32(masterKey), master]).toString('base64')
}

function keyOf({ keys }: TokenKeys, id: number): Buffer {
  const key = keys.find((one) => one.id === id)
  return key === undefined ? Buffer.alloc(32, 1) : Buffer.from(key.secret, 'base64')
}

function gcm(text: Buffer, key: Buffer): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()])
}

function cbc(text: Buffer, key: Buffer): Buffer {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  return Buffer.concat([iv, cipher.update(text), cipher.final()])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
