import { joinedObjects } from '../../proto/joined-objects.ts'
import { eachMember } from '../../proto/members.ts'
import { INTENTS, type Intent } from './intents.ts'
import type { ReadRtbRequest } from './read-rtb-request.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const OPEN_BRACE = 0x7b

/**
 * Reads an RTBRequest in JSON. Names may be those of the schema or, as ProtoJSON has them, in camel case; intents names or
 * numbers, those nobody knows are nobody's. The bid request comes as its own bytes, whatever it says: 0 and 1 or false and
 * true. Undefined where it is no JSON object.
 */
export function readRtbJson(bytes: Uint8Array): ReadRtbRequest | undefined {
  const message = parse(bytes)
  if (message === undefined) return undefined
  const { id, tmax } = message
  const intents = message['applicable_intents'] ?? message['applicableIntents']
  return {
    id: typeof id === 'string' || typeof id === 'number' ? String(id) : '',
    tmaxMs:
      typeof tmax === 'number' || typeof tmax === 'string' ? Math.max(0, Number(tmax) || 0) : 0,
    // What is no list is no leave to give everything.
    intents: [intents ?? []].flat().map(numberOf),
    bidRequest: bidRequestIn(bytes),
  }
}

function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** -1 is no intent: a list of such is not the empty list, which asks for all. */
function numberOf(intent: unknown): number {
  if (typeof intent === 'number') return intent
  const isKnown = typeof intent === 'string' && Object.hasOwn(INTENTS, intent)
  return isKnown ? INTENTS[intent as Intent] : -1
}

/** A copy: the body is not the bid request's to keep. One that stands twice is one. */
function bidRequestIn(bytes: Uint8Array): Uint8Array | undefined {
  const found: Uint8Array[] = []
  eachMember(bytes, bytes.indexOf(OPEN_BRACE), (key, start, end) => {
    if (key === 'bid_request' || key === 'bidRequest') found.push(bytes.slice(start, end))
  })
  return joinedObjects(found)
}
