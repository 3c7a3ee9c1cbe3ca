import { timingSafeEqual } from 'node:crypto'
import { LIMITS } from '../limits.ts'
import { readDescriptor, type TokenContent } from './token-descriptor.ts'
import {
  DIGEST_BYTES,
  Field,
  FLAG_TEST,
  FORMAT,
  ID_BYTES,
  IMPS_SHIFT,
  MAC_BYTES,
  SEAL_BYTES,
  SEAL_CHARS,
  type TokenKeys,
} from './token-seal.ts'

/** A token of ours, as it was made. How old it may be is for the reader to say. */
export interface OpenedToken extends TokenContent {
  /** 22 hex digits. */
  readonly id: string
  readonly atS: number
  readonly exchange: number
  readonly isTest: boolean
  /** How many impressions it may tell of, one that names none not counted. */
  readonly imps: number
}

const TOKEN = new RegExp(`^([A-Za-z0-9_-]+)\\.([A-Za-z0-9_-]{${SEAL_CHARS}})$`)

/** Reads a token; undefined where we did not make it, or not so. */
export function openToken(text: string, keys: TokenKeys): OpenedToken | undefined {
  if (text.length > LIMITS.tokenCharsMax) return undefined
  const [, descriptor, seal] = TOKEN.exec(text) ?? []
  if (descriptor === undefined || seal === undefined) return undefined
  const block = Buffer.from(seal, 'base64url')
  if (!isOurs(block, descriptor, keys)) return undefined
  const content = readDescriptor(descriptor)
  return (
    content && {
      ...content,
      id: block.toString('hex', Field.id, Field.id + ID_BYTES),
      atS: block.readUInt32BE(Field.atS),
      exchange: block.readUInt32BE(Field.exchange),
      isTest: (block[Field.flags]! & FLAG_TEST) !== 0,
      imps: block[Field.flags]! >>> IMPS_SHIFT || LIMITS.tokenImpsMax,
    }
  )
}

/** Compared in constant time, so that a MAC cannot be found byte by byte. */
function isOurs(block: Buffer, descriptor: string, keys: TokenKeys): boolean {
  const made = Buffer.alloc(Field.mac + DIGEST_BYTES)
  block.copy(made, 0, 0, Field.mac)
  keys.putMac(made, keys.digest(descriptor))
  const isSame = timingSafeEqual(
    made.subarray(Field.mac, Field.mac + MAC_BYTES),
    block.subarray(Field.mac, SEAL_BYTES),
  )
  return isSame && block[Field.format] === FORMAT
}
