import { createDecipheriv } from 'node:crypto'
import type { KeyRing } from './key-ring.ts'

/** First byte of a token, bit 4: whose it is. */
export const TokenScopes = { uid2: 0, euid: 1 } as const
export type TokenScope = keyof typeof TokenScopes

/** What stands in a token that may be used. */
export interface OpenedToken {
  /** The raw id, in base64: secret between the operator and those with keys; never written into a request. */
  id: string
  expiresMs: number
  /** The site whose page made it by itself: it may be used on that site's domains only. Undefined for others. */
  madeBySite: number | undefined
}

/**
 * Opens an advertising token of UID2 or EUID, version 2, 3 or 4 (uid2-client-java, Uid2Encryption). Undefined where it is
 * none, of the other scope, made with keys we have not, over, made in the future, or made to last too long: never an error.
 */
export function openToken(
  token: string,
  ring: KeyRing,
  { scope, nowMs }: { scope: TokenScope; nowMs: number },
): OpenedToken | undefined {
  try {
    const read = readToken(Buffer.from(token, 'base64'), ring, scope)
    return read !== undefined && isInTime(read, ring, nowMs) ? read : undefined
  } catch {
    // Cut short, or sealed with another key: a cipher says so by throwing.
    return undefined
  }
}

interface Read extends OpenedToken {
  createdMs: number | undefined
}

function isInTime({ expiresMs, createdMs }: Read, ring: KeyRing, nowMs: number): boolean {
  const fromMs = createdMs ?? nowMs
  return (
    expiresMs > nowMs &&
    fromMs <= nowMs + ring.clockSkewMs &&
    expiresMs - fromMs <= ring.maxLifetimeMs
  )
}

/** A raw id is a SHA-256, or one with a byte before it that says its kind. */
const ID_BYTES = [32, 33]
const V2 = 2
const V3 = 112
const V4 = 128

function readToken(bytes: Buffer, ring: KeyRing, scope: TokenScope): Read | undefined {
  if (bytes[0] === V2) return readV2(bytes, ring)
  const isOurs = ((bytes[0]! >> 4) & 1) === TokenScopes[scope]
  return isOurs && (bytes[1] === V3 || bytes[1] === V4) ? readV3(bytes, ring) : undefined
}

/**
 *     prefix u8 · version u8 · master key u32 · GCM{ expires u64 · created u64 · operator 13 bytes · site key u32
 *       · GCM{ site u32 · publisher u64 · client key u32 · privacy u32 · established u64 · refreshed u64 · id } }
 */
function readV3(bytes: Buffer, ring: KeyRing): Read | undefined {
  const master = openGcm(bytes, 6, ring.key(bytes.readUInt32BE(2)))
  const site = master && openGcm(master, 33, ring.key(master.readUInt32BE(29)))
  if (site === undefined || !ID_BYTES.includes(site.length - 36)) return undefined
  return {
    id: site.toString('base64', 36),
    expiresMs: Number(master!.readBigUInt64BE(0)),
    createdMs: Number(master!.readBigUInt64BE(8)),
    madeBySite: siteOf(site.readUInt32BE(0), site.readUInt32BE(16)),
  }
}

/**
 *     2 u8 · master key u32 · iv 16 · CBC{ expires u64 · site key u32 · iv 16
 *       · CBC{ site u32 · length u32 · id (base64 already) · privacy u32 · established u64 } }
 */
function readV2(bytes: Buffer, ring: KeyRing): Read | undefined {
  const master = openCbc(bytes, 5, ring.key(bytes.readUInt32BE(1)))
  const site = master && openCbc(master, 12, ring.key(master.readUInt32BE(8)))
  if (site === undefined) return undefined
  const end = 8 + site.readUInt32BE(4)
  const id = site.toString('utf8', 8, end)
  if (!/^[A-Za-z0-9+/]{42,45}={0,2}$/.test(id)) return undefined
  return {
    id,
    expiresMs: Number(master!.readBigUInt64BE(0)),
    createdMs: undefined,
    madeBySite: siteOf(site.readUInt32BE(0), site.readUInt32BE(end)),
  }
}

/** Bit 1 of the privacy bits: the page made the token itself. */
const MADE_BY_PAGE = 2

function siteOf(site: number, privacyBits: number): number | undefined {
  return (privacyBits & MADE_BY_PAGE) === 0 ? undefined : site
}

const GCM_IV_BYTES = 12
const CBC_IV_BYTES = 16
const TAG_BYTES = 16

/** `iv 12 · text · tag 16` from `at` to the end. */
function openGcm(bytes: Buffer, at: number, key: Buffer | undefined): Buffer | undefined {
  if (key === undefined) return undefined
  const text = at + GCM_IV_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(at, text), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
  const opened = decipher.update(bytes.subarray(text, bytes.length - TAG_BYTES))
  decipher.final()
  return opened
}

function openCbc(bytes: Buffer, at: number, key: Buffer | undefined): Buffer | undefined {
  if (key === undefined) return undefined
  const text = at + CBC_IV_BYTES
  const decipher = createDecipheriv('aes-256-cbc', key, bytes.subarray(at, text))
  return Buffer.concat([decipher.update(bytes.subarray(text)), decipher.final()])
}
