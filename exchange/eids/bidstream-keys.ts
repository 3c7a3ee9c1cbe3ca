import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { checker, Type } from '../../audience/schema.ts'
import type { TokenKeys } from '../../audience/tokens/key-ring.ts'

const IV_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'
const ENVELOPE_VERSION = 1
/** Time u64 · nonce 8, before the JSON. */
const HEAD_BYTES = 16
/** How far the answer's clock may be from ours. */
const ANSWER_AGE_MS_MAX = 60_000

/** A question to an operator of UID2 or EUID, sealed, and by what its answer is told from others. */
export interface BidstreamQuestion {
  body: string
  nonce: Buffer
}

/** Base64 of `1 · iv 12 · GCM{ time u64 · nonce 8 · JSON } · tag 16` (UID2 documentation, "Encrypting requests"). */
export function askForKeys(secret: Buffer, nowMs: number): BidstreamQuestion {
  const nonce = randomBytes(8)
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(nowMs))
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, secret, iv)
  const sealed = [cipher.update(Buffer.concat([time, nonce, Buffer.from('{}')])), cipher.final()]
  const parts = [Buffer.from([ENVELOPE_VERSION]), iv, ...sealed, cipher.getAuthTag()]
  return { body: Buffer.concat(parts).toString('base64'), nonce }
}

/** Opens the answer: base64 of `iv 12 · GCM{ time u64 · nonce 8 · JSON } · tag 16`. Throws what is wrong with it. */
export function readKeysAnswer(
  answer: string,
  { secret, nonce, nowMs }: { secret: Buffer; nonce: Buffer; nowMs: number },
): TokenKeys {
  const opened = openEnvelope(answer, secret)
  const sentMs = Number(opened.readBigUInt64BE(0))
  if (Math.abs(sentMs - nowMs) > ANSWER_AGE_MS_MAX)
    throw new Error('the answer is from another time: check the clock of this machine')
  if (!opened.subarray(8, HEAD_BYTES).equals(nonce))
    throw new Error('the answer is to another question')
  const { body } = JSON.parse(opened.toString('utf8', HEAD_BYTES)) as { body?: unknown }
  const [problem] = checkAnswer(body)
  if (problem) throw new Error(`${problem.field} of the answer: ${problem.reason}`)
  return keysOf(body as BidstreamAnswer)
}

function openEnvelope(answer: string, secret: Buffer): Buffer {
  const bytes = Buffer.from(answer, 'base64')
  if (bytes.length < IV_BYTES + HEAD_BYTES + TAG_BYTES) throw new Error('the answer is too short')
  try {
    const decipher = createDecipheriv(CIPHER, secret, bytes.subarray(0, IV_BYTES))
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
    const text = decipher.update(bytes.subarray(IV_BYTES, bytes.length - TAG_BYTES))
    return Buffer.concat([text, decipher.final()])
  } catch {
    throw new Error(
      'the answer does not open with the secret: check that it belongs to the API key',
    )
  }
}

interface BidstreamAnswer {
  keys: { id: number; secret: string }[]
  max_bidstream_lifetime_seconds?: number
  allow_clock_skew_seconds?: number
  site_data?: { id: number; domain_names?: string[] }[]
}

/** What we read of it; operators may add to it. */
const checkAnswer = checker(
  Type.Object({
    keys: Type.Array(Type.Object({ id: Type.Integer(), secret: Type.String() })),
    max_bidstream_lifetime_seconds: Type.Optional(Type.Number()),
    allow_clock_skew_seconds: Type.Optional(Type.Number()),
    site_data: Type.Optional(
      Type.Array(
        Type.Object({
          id: Type.Integer(),
          domain_names: Type.Optional(Type.Array(Type.String())),
        }),
      ),
    ),
  }),
)

function keysOf(answer: BidstreamAnswer): TokenKeys {
  const { max_bidstream_lifetime_seconds: max, allow_clock_skew_seconds: skew } = answer
  return {
    keys: answer.keys.map(({ id, secret }) => ({ id, secret })),
    ...(max === undefined ? {} : { maxLifetimeS: Math.floor(max) }),
    ...(skew === undefined ? {} : { clockSkewS: Math.floor(skew) }),
    sites: (answer.site_data ?? []).map(({ id, domain_names }) => ({
      id,
      domains: domain_names ?? [],
    })),
  }
}
