import { isAscii } from 'node:buffer'
import { gunzipSync } from 'node:zlib'
import { EVENT_LIMITS } from '../../audience/events/limits.ts'
import { CollectRefused } from './reasons.ts'

/** A request of a sender of events, as far as it was read. */
export interface ReadDelivery {
  /** Fields around the messages; of a single message, its own. */
  fields: Record<string, unknown>
  messages: readonly unknown[]
  /** Of the inflated body. */
  bytes: number
}

/**
 * A body as messages. It is read by its content, whatever its header says: browsers send `text/plain`, and SDKs
 * gzip and JSON under other names.
 */
export function readDelivery(
  body: Uint8Array,
  { coding, isBatch }: { coding: string; isBatch: boolean },
): ReadDelivery {
  const bytes = inflated(body, coding.trim().toLowerCase())
  const fields = parsed(bytes)
  if (!isBatch) {
    if (bytes.length > EVENT_LIMITS.messageBytesMax) throw new CollectRefused('message_too_large')
    return { fields, messages: [fields], bytes: bytes.length }
  }
  const messages = fields['batch']
  if (!Array.isArray(messages)) throw new CollectRefused('no_batch')
  if (messages.length > EVENT_LIMITS.batchMessagesMax) throw new CollectRefused('too_many_messages')
  return { fields, messages, bytes: bytes.length }
}

function inflated(body: Uint8Array, coding: string): Uint8Array {
  if (!['', 'identity', 'gzip', 'x-gzip'].includes(coding))
    throw new CollectRefused('unknown_coding')
  const hasMagic = body.length > 1 && body[0] === 0x1f && body[1] === 0x8b
  if (!hasMagic) {
    if (coding.endsWith('gzip') && body.length > 0) throw new CollectRefused('bad_gzip')
    return body
  }
  try {
    return gunzipSync(body, { maxOutputLength: EVENT_LIMITS.batchBytesMax })
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    throw new CollectRefused(isTooLong ? 'too_large' : 'bad_gzip')
  }
}

/** Most bodies are ASCII, whose bytes are its characters. */
function textOf(bytes: Uint8Array): string {
  if (isAscii(bytes))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  try {
    return utf8.decode(bytes)
  } catch {
    throw new CollectRefused('not_utf8')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parsed(bytes: Uint8Array): Record<string, unknown> {
  const text = textOf(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // What JSON.parse says quotes the body, which goes into no answer and no log.
    throw new CollectRefused('not_json')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CollectRefused('not_object')
  return value as Record<string, unknown>
}
