import { randomBytes } from 'node:crypto'
import { Asks, type Hour } from './asks.ts'
import { SYNC_LIMITS } from './limits.ts'
import { MAC_BYTES } from './short-mac.ts'
import type { SyncKeys } from './sync-keys.ts'

/** What our cookie says of a browser: who it is, and which partners let it down. */
export interface OwnCookie {
  /** Our own id of the browser: 16 random bytes. */
  id: Buffer
  /** When the cookie was written. */
  issuedHour: Hour
  asks: Asks
}

/** Value of either cookie of a person who opted out: no id, and readable under any secret. */
export const OPTED_OUT = 'optout'
const OWING = `${OPTED_OUT}.`

/** Value of the first cookie of somebody who opted out while the store was away: with whom it has yet to be told. */
export function owingCookie(main: string): string {
  return TEXT.test(main) ? OWING + main : main.startsWith(OWING) ? main : OPTED_OUT
}

export function isOptedOut(value: string): boolean {
  return value === OPTED_OUT || value.startsWith(OWING)
}

/** The cookie that stands in one of somebody who opted out; any other as it is. */
export function owedIn(main: string): string {
  return main.startsWith(OWING) ? main.slice(OWING.length) : main
}

const VERSION = 1
const ID_BYTES = 16
const HEAD_BYTES = 1 + 3 + ID_BYTES
/**
 * Version, hour, id and mac, and a memory of at most 32 partners, in base64url. A last character may have bits
 * that stand for nothing; they are 0, so that one cookie has one spelling.
 */
const TEXT = /^(?=.{43,400}$)(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/

/** `version · hour u24 · id 16 · memory · mac 12`: nobody but us makes one that counts. */
export function sealCookie(keys: SyncKeys, { id, issuedHour, asks }: OwnCookie): string {
  const memory = asks.pack(issuedHour)
  const end = HEAD_BYTES + memory.length
  const bytes = Buffer.allocUnsafe(end + MAC_BYTES)
  bytes[0] = VERSION
  bytes.writeUIntBE(issuedHour, 1, 3)
  id.copy(bytes, 4)
  for (let i = 0; i < memory.length; i++) bytes[HEAD_BYTES + i] = memory[i]!
  keys.cookie.sign(bytes, end)
  return bytes.toString('base64url')
}

/** Undefined for a value that is not ours: such a browser is new to us. */
export function openCookie(keys: SyncKeys, text: string): OwnCookie | undefined {
  if (!TEXT.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64url')
  const end = bytes.length - MAC_BYTES
  if (end < HEAD_BYTES || bytes[0] !== VERSION || !keys.cookie.holds(bytes, end)) return undefined
  const issuedHour = bytes.readUIntBE(1, 3)
  const asks = Asks.unpack(bytes.subarray(HEAD_BYTES, end), issuedHour)
  return { id: bytes.subarray(4, HEAD_BYTES), issuedHour, asks }
}

export function newBrowserId(): Buffer {
  return randomBytes(ID_BYTES)
}

/** A browser's id as the value of its namespace. */
export function browserValue(id: Buffer): string {
  return id.toString('base64url')
}

/** Due to be written anew, so that a browser in use never loses it. */
export function isOld({ issuedHour }: OwnCookie, hour: Hour): boolean {
  return hour - issuedHour >= SYNC_LIMITS.cookieRenewDays * 24
}
